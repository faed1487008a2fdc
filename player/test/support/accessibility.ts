import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What of the rules of accessibility (axe-core's, WCAG among them) a page breaks so that it shuts somebody out: a rule and an element each. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // By the debugger: the pages' own policy lets no strange script in.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
  });
}

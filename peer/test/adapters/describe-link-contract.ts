import { describe, it } from 'vitest';
import { linkContract, runLinkContract, type LinkPair } from './link-contract.js';

/** Declares the whole contract as tests of one kind of link. */
export function describeLinkContract(
  name: string,
  connect: () => Promise<LinkPair>,
  { canVanish }: { canVanish: boolean },
): void {
  describe(`link contract: ${name}`, () => {
    for (const contractCase of linkContract) {
      if (contractCase.needsVanishing && !canVanish) continue;
      it(contractCase.title, async () => {
        await runLinkContract(contractCase, await connect());
      });
    }
  });
}

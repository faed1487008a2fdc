import { escapeHtml } from './html.js';
import { STYLE } from './style.js';

/**
 * A page that needs nothing but itself, opens from disk, and runs no script.
 *
 * @param sections its HTML; empty ones are left out
 */
export function renderDocument(title: string, sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
${sections.filter((section) => section !== '').join('\n')}
</main></body>
</html>
`;
}

/** Something that opens when its title is clicked. */
export function details(title: string, content: string, note = ''): string {
  return `<details><summary>${escapeHtml(title)}${note === '' ? '' : `<small>${escapeHtml(note)}</small>`}</summary>${content}</details>`;
}

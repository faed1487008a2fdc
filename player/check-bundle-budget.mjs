/** Fails the build when a bundle outgrows its budget (bundle-budget.json): bytes cost startup, on phones most. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const budget = JSON.parse(readFileSync('bundle-budget.json', 'utf8'));
for (const [name, { folder, prefixes, gzipBytes }] of Object.entries(budget)) {
  const files = readdirSync(folder).filter(
    (file) => /\.(js|css)$/.test(file) && prefixes.some((/** @type {string} */ prefix) => file.startsWith(prefix)),
  );
  const size = files.reduce((sum, file) => sum + gzipSync(readFileSync(path.join(folder, file))).length, 0);
  const verdict = files.length === 0 ? 'MISSING' : size > gzipBytes ? 'OVER BUDGET' : 'ok';
  process.stdout.write(`${name}: ${size} of ${gzipBytes} bytes, gzipped: ${verdict}\n`);
  if (verdict !== 'ok') process.exitCode = 1;
}

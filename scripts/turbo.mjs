/** `node scripts/turbo.mjs <task…>`: runs tasks of turbo.json in every workspace, from the cache where nothing changed. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ROOT, main, run } from './steps.mjs';

/**
 * @param {readonly string[]} tasks names as in turbo.json
 * @param {import('./steps.mjs').RunOptions} [options] quiet: output only when a task fails
 */
export async function turbo(tasks, options = {}) {
  const launcher = path.join(ROOT, 'node_modules', 'turbo', 'bin', 'turbo');
  // More tasks than cores are done no sooner, and a linter takes more than a gigabyte.
  const concurrency = `--concurrency=${availableParallelism()}`;
  await run(process.execPath, [launcher, 'run', ...tasks, concurrency, '--output-logs=errors-only', '--no-update-notifier'], {
    ...options,
    env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() => turbo(process.argv.slice(2), { isQuiet: false }));
}

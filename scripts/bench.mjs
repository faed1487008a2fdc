/** `npm run bench -- <suite> [options]`: sets up what is missing, then measures. */
import { becomeProgram } from './become-program.mjs';
import { build, checkNode, installDependencies } from './setup.mjs';
import { main } from './steps.mjs';
import { ensurePrograms } from './system-programs.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  checkNode();
  await installDependencies();
  if (args[0] === 'browser' || args[0] === 'mesh') {
    await ensurePrograms();
  }
  await build();
  console.log();
  await becomeProgram('bench/dist/entry/cli.js', args);
});

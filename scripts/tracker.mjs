/** `npm run tracker -- [options]`: sets up what is missing, then runs a tracker by itself, for any stream. */
import { becomeProgram } from './become-program.mjs';
import { build, checkNode, installDependencies } from './setup.mjs';
import { main } from './steps.mjs';

await main(async () => {
  checkNode();
  await installDependencies();
  await build();
  console.log();
  await becomeProgram('tracker/dist/entry/cli.js', process.argv.slice(2), 'npm run tracker --');
});

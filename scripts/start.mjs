/** `npm start [-- options]`: sets up what is missing, then runs the origin with its tracker, seeder and player. */
import { becomeProgram } from './become-program.mjs';
import { build, checkNode, installDependencies } from './setup.mjs';
import { main } from './steps.mjs';

await main(async () => {
  checkNode();
  await installDependencies();
  await build();
  console.log();
  await becomeProgram('origin/dist/entry/cli.js', ['start', ...process.argv.slice(2)], 'npm start --');
});

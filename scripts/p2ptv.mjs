/** `npm run seed`, `add`, `set-password`: sets up what is missing, then runs that command of the origin's. */
import { becomeProgram } from './become-program.mjs';
import { build, checkNode, installDependencies } from './setup.mjs';
import { main } from './steps.mjs';

await main(async () => {
  checkNode();
  await installDependencies();
  await build();
  console.log();
  const args = process.argv.slice(2);
  const script = args[0] === 'admin' ? args[1] : args[0];
  await becomeProgram('origin/dist/entry/cli.js', args, `npm run ${script} --`);
});

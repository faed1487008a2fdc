/** `npm run seed -- <link>`: sets up what is missing, then serves a stream's viewers as a volunteer. */
import { becomeProgram } from './become-program.mjs';
import { build, checkNode, installDependencies } from './setup.mjs';
import { main } from './steps.mjs';

await main(async () => {
  checkNode();
  await installDependencies();
  await build();
  console.log();
  await becomeProgram('origin/dist/entry/cli.js', ['seed', ...process.argv.slice(2)]);
});

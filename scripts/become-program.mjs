import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { ROOT } from './steps.mjs';

/**
 * Goes on as another Node program, in this process. Node 20 has no exec, and a child would need its signals forwarded:
 * Ctrl-C would reach it twice, and `kill -9` would leave it behind.
 *
 * @param {string} program path of an ES module within the repository
 * @param {readonly string[]} args
 * @param {string} [typed] what people type before its options, which its help then names
 */
export async function becomeProgram(program, args, typed) {
  const file = path.join(ROOT, program);
  if (typed !== undefined) process.env['P2PTV_COMMAND'] = typed;
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
}

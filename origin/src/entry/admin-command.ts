import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

import { AdminAccess } from '../admin/admin-access.js';
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from '../admin/password.js';
import { SqliteStore, STORE_FILE } from '../store/sqlite-store.js';
import { CommandError, UsageError } from './usage-error.js';

/**
 * Sets the administrator's password. The origin may run meanwhile: it takes the new one at once.
 *
 * @throws UsageError for a password that is too short or too long, CommandError where there is no data folder
 */
export async function runSetPassword(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const folder = resolve(typeof flags['data'] === 'string' ? flags['data'] : './data');
  if (!existsSync(folder)) throw new CommandError(`The data folder ${folder} does not exist: name the origin's with --data, or start the origin first.`);
  const password = await readPassword();
  if (password.length < MIN_PASSWORD_CHARACTERS) throw new UsageError(`The password must have at least ${MIN_PASSWORD_CHARACTERS} characters.`);
  if (password.length > MAX_PASSWORD_CHARACTERS) throw new UsageError(`The password must not exceed ${MAX_PASSWORD_CHARACTERS} characters.`);
  const store = SqliteStore.open(join(folder, STORE_FILE));
  try {
    await new AdminAccess(store.access, Date.now).setPassword(password);
  } finally {
    store.close();
  }
  process.stdout.write('The password is set; whoever was logged in has to log in again.\n');
}

/** A line of standard input. A terminal is asked, and does not show what is typed. */
function readPassword(): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY) stderr.write('New password: ');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: stdin.isTTY });
  return new Promise((done) => {
    let line = '';
    lines.once('line', (first) => {
      line = first;
      lines.close();
    });
    lines.once('close', () => {
      if (stdin.isTTY) stderr.write('\n');
      done(line);
    });
  });
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { AdminAccess } from '../../src/admin/admin-access.js';
import { SqliteStore, STORE_FILE } from '../../src/store/sqlite-store.js';
import { buildCommand } from './command.js';

const PROGRAM = fileURLToPath(new URL('../../dist/entry/cli.js', import.meta.url));

let folder: string;
beforeAll(() => buildCommand());
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2ptv-admin-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `admin set-password` with something on its standard input. */
function setPassword(input: string, data = folder): { status: number | null; errors: string } {
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'admin', 'set-password', '--data', data], { input, encoding: 'utf8' });
  return { status, errors: stderr };
}

it('sets the password, while an origin has the database open too, and ends its sessions', async () => {
  const store = SqliteStore.open(join(folder, STORE_FILE));
  const access = new AdminAccess(store.access, Date.now);
  await access.setPassword('the password before');
  const before = await access.logIn('the password before');
  expect(setPassword('the password after\nand a line that is none\n')).toEqual({ status: 0, errors: '' });
  expect((await access.logIn('the password before')).kind).toBe('wrongPassword');
  expect((await access.logIn('the password after')).kind).toBe('loggedIn');
  expect(before.kind === 'loggedIn' && access.isSession(before.token)).toBe(false);
  store.close();
});

it('says what is wrong', () => {
  expect(setPassword('short\n')).toEqual({ status: 2, errors: 'The password must have at least 10 characters.\n' });
  expect(setPassword('')).toEqual({ status: 2, errors: 'The password must have at least 10 characters.\n' });
  expect(setPassword('x'.repeat(201))).toEqual({ status: 2, errors: 'The password must not exceed 200 characters.\n' });
  expect(setPassword('a good password\n', join(folder, 'none'))).toMatchObject({ status: 1, errors: expect.stringContaining('does not exist') as string });
});

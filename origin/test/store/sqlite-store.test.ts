import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import Database from 'libsql';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { MIGRATIONS } from '../../src/store/migrations.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { buildCommand } from '../entry/command.js';
import { channel, describeStateStore, recording } from './state-store-contract.js';

// A process of its own runs what is built.
beforeAll(() => buildCommand());

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2ptv-store-'));
  path = join(folder, 'p2ptv.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describeStateStore('SqliteStore in memory', () => SqliteStore.open(':memory:'));
describeStateStore('SqliteStore in a file', () => SqliteStore.open(path));

describe('SqliteStore', () => {
  it('has everything again when it is opened again', () => {
    const before = SqliteStore.open(path);
    before.channels.add(channel({ slug: 'news' }));
    before.recordings.add(recording({ id: 'r1', title: 'Harbour' }));
    before.access.setPasswordHash('hash');
    before.close();
    const after = SqliteStore.open(path);
    expect(after.channels.get('news')).toEqual(channel({ slug: 'news' }));
    expect(after.recordings.search({ text: 'harb', offset: 0, limit: 1 }).total).toBe(1);
    expect(after.access.passwordHash()).toBe('hash');
    after.close();
  });

  it('lets nobody else read its file', () => {
    SqliteStore.open(path).close();
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('brings a database of each earlier version up to this one', () => {
    for (const version of MIGRATIONS.keys()) {
      const older = new Database(`${path}.${version}`);
      for (const migration of MIGRATIONS.slice(0, version)) older.exec(migration);
      older.exec(`PRAGMA user_version = ${version}`);
      older.close();
      const store = SqliteStore.open(`${path}.${version}`);
      store.channels.add(channel({ slug: 'news' }));
      expect(store.channels.list()).toHaveLength(1);
      store.close();
    }
  });

  it('refuses a database of a newer version, and does not touch it', () => {
    SqliteStore.open(path).close();
    const newer = new Database(path);
    newer.exec('PRAGMA user_version = 999');
    newer.close();
    const content = readFileSync(path);
    expect(() => SqliteStore.open(path)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE', message: expect.stringContaining('version 999') as string }) as Error);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('says so when the file is no database or is damaged', () => {
    writeFileSync(path, 'This is a text, and long enough to be looked at. '.repeat(100));
    expect(() => SqliteStore.open(path)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE', message: expect.stringContaining('it is no database') as string }) as Error);
    rmSync(path);
    const store = SqliteStore.open(path);
    for (let index = 0; index < 500; index++) store.recordings.add(recording({ id: `r${index}`, title: `Recording ${index}` }));
    store.close();
    const content = readFileSync(path);
    content.fill(0xa5, 8192, 8192 + 40_960);
    writeFileSync(path, content);
    expect(() => SqliteStore.open(path)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE', message: expect.stringContaining('damaged') as string }) as Error);
  });

  it('names a folder that is not there', () => {
    expect(() => SqliteStore.open(join(folder, 'none', 'p2ptv.db'))).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE' }) as Error);
  });

  it('after kill -9 in the midst of writing is whole, and has all that was confirmed', async () => {
    const writer = fileURLToPath(new URL('store-writer.mjs', import.meta.url));
    for (const killAfter of [1, 2, 7, 23, 60]) {
      const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(child, 'exit');
      const confirmed: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        confirmed.push(line);
        if (confirmed.length === killAfter) child.kill('SIGKILL');
      }
      await exited;
      expect(child.signalCode).toBe('SIGKILL');
      const store = SqliteStore.open(path);
      expect(confirmed.filter((id) => store.recordings.get(id)?.durationMs !== 2)).toEqual([]);
      // The index of words has the same recordings as the table.
      const page = { offset: 0, limit: 1 };
      expect(store.recordings.search({ text: 'written', ...page }).total).toBe(store.recordings.search(page).total);
      store.close();
    }
  });
});

import { chmodSync, closeSync, openSync } from 'node:fs';

import Database from 'libsql';

import { describeWriteFailure } from '../package/errors.js';
import { StoreError } from './errors.js';
import { MIGRATIONS } from './migrations.js';

/** A database that is open, of this version, and sound. */
export type SqliteDatabase = Database.Database;

/** A text, a number or nothing: what is bound to a statement and what a column holds. */
export type SqliteValue = string | number | null;
/** A row as the library returns it, with the columns that its statement names. */
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** How long another process that looks into the file may keep us waiting, ms. */
const BUSY_MS = 5000;

/**
 * Opens a database, makes it if need be, and brings it up to this version.
 *
 * @param path a file, readable by the owner alone; `:memory:` for one that is gone when it is closed
 * @throws StoreError `STORE_UNUSABLE`
 */
export function openSqlite(path: string): SqliteDatabase {
  let database: SqliteDatabase | undefined;
  try {
    if (path !== ':memory:') makePrivate(path);
    database = new Database(path);
    // WAL: a killed process leaves a whole database with all that was committed. NORMAL: so does a power cut, but for the
    // last moments; FULL would wait for the disk at each commit, a busy one longer than a part lasts.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = ${BUSY_MS};`);
    checkSoundness(database);
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    const reason = error instanceof Error && 'syscall' in error ? describeWriteFailure(error) : describeSqliteFailure(error);
    throw new StoreError('STORE_UNUSABLE', `The database ${path} cannot be used, because ${reason}: restore it from a backup, or move it away to begin with an empty one.`, { cause: error });
  }
}

/** Runs what belongs together: all of it happens, or nothing. */
export function inTransaction<Result>(database: SqliteDatabase, run: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk rolls back by itself.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** True for the failure to add what has a name that is taken. */
export function isNameTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || error.code === 'SQLITE_CONSTRAINT_UNIQUE');
}

/** Digests and the password's hash are in it. */
function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function checkSoundness(database: SqliteDatabase): void {
  const row = database.prepare('PRAGMA quick_check(1)').get() as SqliteRow;
  if (row['quick_check'] !== 'ok') throw new Error(`it is damaged (${String(row['quick_check'])})`);
}

function migrate(database: SqliteDatabase, path: string): void {
  const row = database.prepare('PRAGMA user_version').get() as SqliteRow;
  const version = Number(row['user_version']);
  if (version > MIGRATIONS.length) {
    const message = `The database ${path} is of version ${version} and this P2PTV knows only ${MIGRATIONS.length}: start the newer P2PTV that made it, or move the file away to begin with an empty one.`;
    throw new StoreError('STORE_UNUSABLE', message);
  }
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < version) continue;
    inTransaction(database, () => {
      database.exec(migration);
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}

function describeSqliteFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('SQLITE_NOTADB')) return 'it is no database';
  if (code.startsWith('SQLITE_CORRUPT')) return 'it is damaged';
  if (code.startsWith('SQLITE_FULL')) return 'the disk is full';
  if (code.startsWith('SQLITE_BUSY')) return 'another program keeps it locked';
  return error instanceof Error ? error.message : String(error);
}

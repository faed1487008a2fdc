import { inTransaction, type SqliteDatabase, type SqliteRow } from './sqlite-database.js';
import type { AccessStore } from './state-store.js';

const PASSWORD = 'password-hash';

/** The administrator's password and sessions in SQLite. */
export class SqliteAccess implements AccessStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  passwordHash(): string | undefined {
    const row = this.#database.prepare('SELECT value FROM access WHERE name = ?').get(PASSWORD) as SqliteRow | undefined;
    return row && String(row['value']);
  }

  setPasswordHash(hash: string): void {
    inTransaction(this.#database, () => {
      this.#database.prepare('INSERT OR REPLACE INTO access (name, value) VALUES (?, ?)').run(PASSWORD, hash);
      this.#database.exec('DELETE FROM sessions');
    });
  }

  addSession(digest: string, { expiresAtMs }: { readonly expiresAtMs: number }): void {
    this.#database.prepare('INSERT OR REPLACE INTO sessions (digest, expires_at_ms) VALUES (?, ?)').run(digest, expiresAtMs);
  }

  hasSession(digest: string, nowMs: number): boolean {
    return this.#database.prepare('SELECT 1 AS found FROM sessions WHERE digest = ? AND expires_at_ms > ?').get(digest, nowMs) !== undefined;
  }

  removeSession(digest: string): void {
    this.#database.prepare('DELETE FROM sessions WHERE digest = ?').run(digest);
  }

  pruneSessions(nowMs: number): void {
    this.#database.prepare('DELETE FROM sessions WHERE expires_at_ms <= ?').run(nowMs);
  }
}

import { SqliteAccess } from './sqlite-access.js';
import { SqliteChannels } from './sqlite-channels.js';
import { openSqlite, type SqliteDatabase } from './sqlite-database.js';
import { SqliteRecordings } from './sqlite-recordings.js';
import type { StateStore } from './state-store.js';

/** The name of the database in the data folder. */
export const STORE_FILE = 'p2ptv.db';

/** The state of an origin in one SQLite file. */
export class SqliteStore implements StateStore {
  readonly channels: SqliteChannels;
  readonly recordings: SqliteRecordings;
  readonly access: SqliteAccess;
  readonly #database: SqliteDatabase;

  private constructor(database: SqliteDatabase) {
    this.#database = database;
    this.channels = new SqliteChannels(database);
    this.recordings = new SqliteRecordings(database);
    this.access = new SqliteAccess(database);
  }

  /**
   * Opens the database, makes it if need be, and brings it up to this version.
   *
   * @param path a file; `:memory:` for one that is gone when it is closed
   * @throws StoreError `STORE_UNUSABLE`
   */
  static open(path: string): SqliteStore {
    return new SqliteStore(openSqlite(path));
  }

  /** Ends it; all that was written is on the disk already. */
  close(): void {
    this.#database.close();
  }
}

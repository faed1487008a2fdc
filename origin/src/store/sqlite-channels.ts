import { StoreError } from './errors.js';
import { isNameTaken, type SqliteDatabase, type SqliteRow } from './sqlite-database.js';
import type { ChannelStore, StoredChannel } from './state-store.js';

/** Channels in SQLite. */
export class SqliteChannels implements ChannelStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  add(channel: StoredChannel): void {
    try {
      this.#database
        .prepare('INSERT INTO channels (slug, settings, is_started, created_at_ms) VALUES (?, ?, ?, ?)')
        .run(channel.slug, JSON.stringify(channel.settings), Number(channel.isStarted), channel.createdAtMs);
    } catch (error) {
      if (!isNameTaken(error)) throw error;
      throw new StoreError('ALREADY_EXISTS', `There is a channel ${channel.slug} already.`, { cause: error });
    }
  }

  update(channel: StoredChannel): boolean {
    const { changes } = this.#database
      .prepare('UPDATE channels SET settings = ?, is_started = ?, created_at_ms = ? WHERE slug = ?')
      .run(JSON.stringify(channel.settings), Number(channel.isStarted), channel.createdAtMs, channel.slug);
    return changes > 0;
  }

  remove(slug: string): boolean {
    return this.#database.prepare('DELETE FROM channels WHERE slug = ?').run(slug).changes > 0;
  }

  get(slug: string): StoredChannel | undefined {
    const row = this.#database.prepare('SELECT * FROM channels WHERE slug = ?').get(slug) as SqliteRow | undefined;
    return row && channelOf(row);
  }

  list(): StoredChannel[] {
    return (this.#database.prepare('SELECT * FROM channels ORDER BY slug').all() as SqliteRow[]).map(channelOf);
  }
}

function channelOf(row: SqliteRow): StoredChannel {
  return {
    slug: String(row['slug']),
    settings: JSON.parse(String(row['settings'])) as Record<string, unknown>,
    isStarted: row['is_started'] === 1,
    createdAtMs: Number(row['created_at_ms']),
  };
}

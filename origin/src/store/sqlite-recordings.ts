import { StoreError } from './errors.js';
import { searchExpression } from './search-words.js';
import { inTransaction, isNameTaken, type SqliteDatabase, type SqliteRow, type SqliteValue } from './sqlite-database.js';
import type { Recording, RecordingOrder, RecordingPage, RecordingQuery, RecordingState, RecordingStore } from './state-store.js';

/** How much a word counts in title, description and tags. */
const WEIGHTS = '10.0, 1.0, 5.0';

const COLUMNS = 'id, channel, title, description, tags, state, is_private, started_at_ms, duration_ms, byte_length, width, height, has_thumbnail';

/** Ends with the number, so that pages neither repeat nor skip what compares equal. */
const ORDERS: Readonly<Record<Exclude<RecordingOrder, 'relevance'>, string>> = {
  newest: 'started_at_ms DESC, number DESC',
  oldest: 'started_at_ms, number',
  longest: 'duration_ms DESC, number DESC',
  shortest: 'duration_ms, number',
  largest: 'byte_length DESC, number DESC',
  title: 'title COLLATE NOCASE, number',
};

/** Recordings in SQLite, found by its full-text search. */
export class SqliteRecordings implements RecordingStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  add(recording: Recording): void {
    const values = valuesOf(recording);
    try {
      this.#database.prepare(`INSERT INTO recordings (${COLUMNS}) VALUES (${values.map(() => '?').join(', ')})`).run(...values);
    } catch (error) {
      if (!isNameTaken(error)) throw error;
      throw new StoreError('ALREADY_EXISTS', `There is a recording ${recording.id} already.`, { cause: error });
    }
  }

  update(id: string, change: Partial<Omit<Recording, 'id'>>): Recording | undefined {
    return inTransaction(this.#database, () => {
      const known = this.get(id);
      if (!known) return undefined;
      const changed = { ...known, ...change, id };
      const before = valuesOf(known);
      const after = valuesOf(changed);
      const names = COLUMNS.split(', ');
      // Only what differs: the words are not indexed again because a recording has grown.
      const different = names.filter((_name, index) => before[index] !== after[index]);
      if (different.length > 0) {
        const assignments = different.map((name) => `${name} = ?`).join(', ');
        const values = different.map((name) => after[names.indexOf(name)] ?? null);
        this.#database.prepare(`UPDATE recordings SET ${assignments} WHERE id = ?`).run(...values, id);
      }
      return changed;
    });
  }

  remove(id: string): boolean {
    return this.#database.prepare('DELETE FROM recordings WHERE id = ?').run(id).changes > 0;
  }

  get(id: string): Recording | undefined {
    const row = this.#database.prepare(`SELECT ${COLUMNS} FROM recordings WHERE id = ?`).get(id) as SqliteRow | undefined;
    return row && recordingOf(row);
  }

  search(query: RecordingQuery): RecordingPage {
    const words = query.text === undefined ? undefined : searchExpression(query.text);
    const { conditions, values } = conditionsOf(query);
    let from = 'recordings';
    let order = ORDERS[query.order === undefined || query.order === 'relevance' ? 'newest' : query.order];
    if (words !== undefined) {
      // CROSS: the words are looked up first, and once. Else the planner may look them up for each recording of a channel.
      from = 'recording_words CROSS JOIN recordings ON recordings.number = recording_words.rowid';
      conditions.unshift('recording_words MATCH ?');
      values.unshift(words);
      if (query.order === undefined || query.order === 'relevance') order = `bm25(recording_words, ${WEIGHTS}), ${order}`;
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const count = this.#database.prepare(`SELECT count(*) AS total FROM ${from} ${where}`).get(...values) as SqliteRow;
    const total = Number(count['total']);
    if (total <= query.offset) return { total, recordings: [] };
    const columns = COLUMNS.split(', ').map((name) => `recordings.${name} AS ${name}`).join(', ');
    const page = this.#database.prepare(`SELECT ${columns} FROM ${from} ${where} ORDER BY ${qualified(order)} LIMIT ? OFFSET ?`);
    const rows = page.all(...values, query.limit, query.offset) as SqliteRow[];
    return { total, recordings: rows.map(recordingOf) };
  }
}

function conditionsOf(query: RecordingQuery): { readonly conditions: string[]; readonly values: SqliteValue[] } {
  const conditions: string[] = [];
  const values: SqliteValue[] = [];
  const want = (condition: string, ...given: readonly (SqliteValue | undefined)[]): void => {
    if (given.some((value) => value === undefined)) return;
    conditions.push(condition);
    values.push(...(given as SqliteValue[]));
  };
  want('recordings.channel = ?', query.channel);
  for (const tag of new Set(query.tags)) want('recordings.number IN (SELECT number FROM recording_tags WHERE tag = ?)', tag);
  if (query.states) want(`recordings.state IN (${query.states.map(() => '?').join(', ')})`, ...query.states);
  want('recordings.is_private = ?', query.isPrivate === undefined ? undefined : Number(query.isPrivate));
  want('recordings.started_at_ms >= ?', query.startedFromMs);
  want('recordings.started_at_ms <= ?', query.startedToMs);
  want('recordings.duration_ms >= ?', query.durationFromMs);
  want('recordings.duration_ms <= ?', query.durationToMs);
  return { conditions, values };
}

/** Title, description and tags are columns of the index of words, too. */
function qualified(order: string): string {
  return order.replace(/\b(title|started_at_ms|duration_ms|byte_length|number)\b/g, 'recordings.$1');
}

/** In the order of {@link COLUMNS}. */
function valuesOf(recording: Recording): SqliteValue[] {
  return [
    recording.id,
    recording.channel ?? null,
    recording.title,
    recording.description,
    JSON.stringify(recording.tags),
    recording.state,
    Number(recording.isPrivate),
    recording.startedAtMs,
    recording.durationMs,
    recording.byteLength,
    recording.width,
    recording.height,
    Number(recording.hasThumbnail),
  ];
}

function recordingOf(row: SqliteRow): Recording {
  return {
    id: String(row['id']),
    channel: row['channel'] === null ? undefined : String(row['channel']),
    title: String(row['title']),
    description: String(row['description']),
    tags: JSON.parse(String(row['tags'])) as string[],
    state: row['state'] as RecordingState,
    isPrivate: row['is_private'] === 1,
    startedAtMs: Number(row['started_at_ms']),
    durationMs: Number(row['duration_ms']),
    byteLength: Number(row['byte_length']),
    width: Number(row['width']),
    height: Number(row['height']),
    hasThumbnail: row['has_thumbnail'] === 1,
  };
}

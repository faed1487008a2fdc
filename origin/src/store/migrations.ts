/**
 * What makes a database of version n one of version n + 1, by n. A migration that has been released is
 * never changed: what it made is corrected by another one at the end.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE channels (
    slug TEXT PRIMARY KEY,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    is_started INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE recordings (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    channel TEXT,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL CHECK (json_valid(tags)),
    state TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    byte_length INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    has_thumbnail INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX recordings_by_start ON recordings (started_at_ms, number);
  CREATE INDEX recordings_by_duration ON recordings (duration_ms, number);
  CREATE INDEX recordings_by_size ON recordings (byte_length, number);
  CREATE INDEX recordings_by_title ON recordings (title COLLATE NOCASE, number);
  CREATE INDEX recordings_by_channel ON recordings (channel, started_at_ms);

  CREATE TABLE recording_tags (
    tag TEXT NOT NULL,
    number INTEGER NOT NULL REFERENCES recordings ON DELETE CASCADE,
    PRIMARY KEY (tag, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX recording_tags_by_number ON recording_tags (number);

  CREATE VIRTUAL TABLE recording_words USING fts5 (
    title, description, tags,
    content = 'recordings', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
  );

  CREATE TRIGGER recordings_added AFTER INSERT ON recordings BEGIN
    INSERT INTO recording_words (rowid, title, description, tags) VALUES (new.number, new.title, new.description, new.tags);
    INSERT OR IGNORE INTO recording_tags (tag, number) SELECT value, new.number FROM json_each(new.tags);
  END;
  CREATE TRIGGER recordings_removed AFTER DELETE ON recordings BEGIN
    INSERT INTO recording_words (recording_words, rowid, title, description, tags)
      VALUES ('delete', old.number, old.title, old.description, old.tags);
  END;
  CREATE TRIGGER recordings_renamed AFTER UPDATE OF title, description, tags ON recordings BEGIN
    INSERT INTO recording_words (recording_words, rowid, title, description, tags)
      VALUES ('delete', old.number, old.title, old.description, old.tags);
    INSERT INTO recording_words (rowid, title, description, tags) VALUES (new.number, new.title, new.description, new.tags);
    DELETE FROM recording_tags WHERE number = new.number;
    INSERT OR IGNORE INTO recording_tags (tag, number) SELECT value, new.number FROM json_each(new.tags);
  END;

  CREATE TABLE access (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE sessions (digest TEXT PRIMARY KEY, expires_at_ms INTEGER NOT NULL) STRICT;
  `,
];

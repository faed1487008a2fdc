// Writes recordings until it is killed, and tells of each when it is done. Argument: the database.
import { writeSync } from 'node:fs';

import { SqliteStore } from '../../dist/store/sqlite-store.js';

const store = SqliteStore.open(process.argv[2]);
for (let index = 0; ; index++) {
  const id = `${process.pid}-${index}`;
  store.recordings.add({
    id,
    channel: 'main',
    title: `Written ${index}`,
    description: 'by a process that is killed',
    tags: ['killed'],
    state: 'recording',
    isPrivate: false,
    startedAtMs: index,
    durationMs: 1,
    byteLength: 0,
    width: 0,
    height: 0,
    hasThumbnail: false,
  });
  store.recordings.update(id, { title: `Written again ${index}`, durationMs: 2 });
  writeSync(1, `${id}\n`);
}

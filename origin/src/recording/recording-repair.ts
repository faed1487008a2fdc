import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { decodeStreamRecord, type StreamRecord } from '@p2ptv/protocol';

import { renditionFolder, storedRenditions } from '../package/live-rendition.js';
import type { Publisher } from '../package/publisher.js';
import { scanRecords } from '../package/record-file.js';
import { encodeFileIndex } from './file-index.js';
import { namesIn, readInits, type RecordingFolder, type RecordingManifest } from './recording-folder.js';
import { storedName } from './recording-names.js';
import type { RecordingStorage } from './recording-storage.js';

/** A recording that was interrupted, and where what belongs to it may be. */
export type InterruptedRecording = {
  readonly id: string;
  readonly folder: RecordingFolder;
  readonly manifest: RecordingManifest;
  /** Of the stream that it is part of. */
  readonly streamFolder: string;
  readonly storage: RecordingStorage;
  readonly publisher: Publisher;
};

const LOG = /^chunks-(\d{10})\.log$/;

/**
 * Makes an interrupted recording whole: takes over the files that the stream's archive still has of it, the one that
 * was being written included, and makes the indexes that are missing or torn.
 *
 * @returns the stream's last record; undefined when it cannot be read, so that nothing can be made of the recording
 */
export async function repairRecording(interrupted: InterruptedRecording): Promise<StreamRecord | undefined> {
  const { id, folder, manifest, streamFolder, storage, publisher } = interrupted;
  const record = manifest.record ?? readRecord(streamFolder, { stream: manifest.stream, publisher });
  if (!record) return undefined;
  const stored = new Set((await storage.list(id)).map(({ name }) => name));
  const expected = { streamId: publisher.streamId(manifest.stream), publisher };
  for (const rendition of storedRenditions(streamFolder)) {
    const archive = renditionFolder(streamFolder, rendition);
    for (const [initHash, bytes] of readInits(archive)) folder.writeInit(initHash, bytes);
    for (const file of namesIn(archive)) {
      if (Number(LOG.exec(file)?.[1] ?? -1) < manifest.firstSequence) continue;
      const path = join(archive, file);
      const name = storedName(rendition, path);
      if (stored.has(name) && folder.index(name)) continue;
      storage.put({ recording: id, name }, path);
      folder.writeIndex(name, indexOf(readFileSync(path), expected));
      stored.add(name);
    }
  }
  for (const { name, byteLength } of await storage.list(id)) {
    if (folder.index(name)) continue;
    const [content] = (await storage.read({ recording: id, name }, [{ offset: 0, byteLength }])) ?? [];
    if (content) folder.writeIndex(name, indexOf(content, expected));
  }
  return record;
}

function indexOf(content: Buffer, expected: Parameters<typeof scanRecords>[1]): Buffer {
  return encodeFileIndex(scanRecords(content, expected).map(({ signed: { header }, offset, byteLength }) => ({ header, offset, byteLength })));
}

function readRecord(streamFolder: string, { stream, publisher }: { readonly stream: string; readonly publisher: Publisher }): StreamRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(streamFolder, 'record'), 'utf8');
  } catch {
    return undefined;
  }
  return decodeStreamRecord(text, { streamId: publisher.streamId(stream), publicKey: publisher.publicKey });
}

import { encodeStreamRecord, type CaptionTrack, type RenditionId, type StreamId, type StreamRecord } from '@p2ptv/protocol';

import { RecordedCaptions } from '../captions/recorded-captions.js';
import type { Publisher } from '../package/publisher.js';
import type { MediaLog, ServedStream } from '../publish/served-stream.js';
import type { RecordedRendition } from './recorded-rendition.js';
import type { RecordingFolder } from './recording-folder.js';

/**
 * A recording as it is served: part of a stream, under a name of its own. Its chunks are those of the stream, with
 * their ids and signatures, and so is the swarm of those who watch it.
 */
export class RecordedStream implements ServedStream {
  readonly state = 'ended';
  readonly slug: string;
  readonly title: string;
  readonly startedAtMs: number;
  readonly record: StreamRecord;
  readonly recordText: string;
  readonly captions: readonly CaptionTrack[];
  readonly recordedCaptions: RecordedCaptions;
  readonly #renditions: ReadonlyMap<number, RecordedRendition>;

  /**
   * @param slug its own name in addresses; the record holds that of its stream
   * @param renditions by id, all that the record names
   */
  constructor(
    described: { readonly slug: string; readonly startedAtMs: number; readonly record: StreamRecord },
    { renditions, publisher, folder }: { readonly renditions: ReadonlyMap<number, RecordedRendition>; readonly publisher: Publisher; readonly folder: RecordingFolder },
  ) {
    this.slug = described.slug;
    this.title = described.record.title;
    this.startedAtMs = described.startedAtMs;
    this.record = described.record;
    this.recordText = encodeStreamRecord(this.record, publisher.signer);
    this.#renditions = renditions;
    const captions = folder.captions();
    this.captions = captions;
    this.recordedCaptions = new RecordedCaptions(captions, (track) => folder.captionFile(track));
  }

  get streamId(): StreamId {
    return this.record.streamId;
  }

  get defaultRendition(): RenditionId {
    return this.record.renditions[0]?.id ?? (0 as RenditionId);
  }

  get log(): MediaLog {
    const log = this.#renditions.get(this.defaultRendition);
    if (!log) throw new Error(`The recording ${this.slug} lacks the rendition that its record names.`);
    return log;
  }

  get memoryBytes(): number {
    return [...this.#renditions.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  rendition(rendition: number): RecordedRendition | undefined {
    return this.#renditions.get(rendition);
  }

  isMade(rendition: number): boolean {
    return this.#renditions.has(rendition);
  }

  /** None: it is no live playlist. */
  playlistOptions(): undefined {
    return undefined;
  }

  /** It never changes. */
  onChange(): () => void {
    return () => undefined;
  }
}

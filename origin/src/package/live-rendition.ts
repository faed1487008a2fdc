import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { LIMITS, type Rendition, type RenditionId } from '@p2ptv/protocol';

import type { ChunkLog } from './chunk-log.js';
import { MeasuredRate } from './measured-rate.js';
import type { Counters } from './numbering-file.js';
import { systemCode } from './errors.js';

/** What an encoder session says of one rendition before the first part. */
export type MediaInit = {
  readonly rendition: RenditionId;
  readonly bytes: Uint8Array;
  /** RFC 6381. */
  readonly codecs: string;
  /** Pixels and frames a second; 0 where there is no video. */
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** Longest part, and wanted length of a segment, ms; the same in all renditions of a session. */
  readonly partTargetMs: number;
  readonly segmentMs: number;
  /** What the encoder was told to stay below, and to aim at. */
  readonly bandwidthBitsPerSecond: number;
  readonly averageBandwidthBitsPerSecond: number;
};

/** Where a part of a session stands. */
export type PartPlace = {
  readonly sequence: number;
  readonly mediaSequence: number;
  readonly epoch: number;
  readonly partIndex: number;
};

/** What a rendition makes of the session that runs. */
type RenditionSession = { readonly init: MediaInit; readonly initHash: string; partCount: number; segmentCount: number; partIndex: number };

/**
 * One rendition of a live stream: its log, and its place in the encoder session.
 *
 * All renditions of a session count from the same numbers, so that the same sequence means the same
 * time in each of them.
 */
export class LiveRendition {
  readonly id: RenditionId;
  readonly log: ChunkLog;
  #rate = new MeasuredRate();
  #session: RenditionSession | undefined;

  constructor(id: RenditionId, log: ChunkLog) {
    this.id = id;
    this.log = log;
  }

  /** What the running session says of it; undefined: it is not made any more, or not yet. */
  get session(): Readonly<RenditionSession> | undefined {
    return this.#session;
  }

  /** Of the sessions that are encoded like the running one. */
  get rate(): MeasuredRate {
    return this.#rate;
  }

  /** A session begins that makes this rendition. */
  begin(init: MediaInit, initHash: string): void {
    this.log.addInit(initHash, init.bytes);
    if (initHash !== this.#session?.initHash) this.#rate = new MeasuredRate();
    this.#session = { init, initHash, partCount: 0, segmentCount: 0, partIndex: 0 };
  }

  /** A session begins that does not. */
  retire(): void {
    this.#session = undefined;
  }

  /** Where the next part stands in a session that counts from `base`. */
  place(base: Counters): PartPlace {
    const { partCount = 0, segmentCount = 0, partIndex = 0 } = this.#session ?? {};
    return { epoch: base.epoch, sequence: base.sequence + partCount, mediaSequence: base.mediaSequence + segmentCount, partIndex };
  }

  /** The part at that place has been published. */
  passed(isSegmentLast: boolean): void {
    const session = this.#session;
    if (!session) return;
    session.partCount++;
    session.partIndex = isSegmentLast ? 0 : session.partIndex + 1;
    if (isSegmentLast) session.segmentCount++;
  }

  /** As a stream record describes it. */
  describe({ init, initHash }: Readonly<Pick<RenditionSession, 'init' | 'initHash'>>): Rendition {
    return {
      id: this.id,
      codecs: init.codecs,
      width: init.width,
      height: init.height,
      frameRate: init.frameRate,
      bandwidthBitsPerSecond: Math.ceil(init.bandwidthBitsPerSecond),
      averageBandwidthBitsPerSecond: Math.ceil(init.averageBandwidthBitsPerSecond),
      initHash,
    };
  }
}

const FOLDER_PATTERN = /^rendition-(\d{1,2})$/;

/** A rendition's folder in that of its stream. The first one's is the stream's own, as it was when streams had no other. */
export function renditionFolder(streamFolder: string, id: number): string {
  return id === 0 ? streamFolder : join(streamFolder, `rendition-${id}`);
}

/** The renditions of which a stream's folder may hold something, in rising order. */
export function storedRenditions(streamFolder: string): RenditionId[] {
  let names: string[];
  try {
    names = readdirSync(streamFolder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [0 as RenditionId];
    throw error;
  }
  const found = names.flatMap((name) => FOLDER_PATTERN.exec(name)?.[1] ?? []).map(Number);
  return [0, ...found.filter((id) => id > 0 && id < LIMITS.renditions).sort((left, right) => left - right)] as RenditionId[];
}

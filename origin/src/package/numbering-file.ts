import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

import { systemCode } from './errors.js';

/** The highest numbers in use; −1 where there is none. A number that was once published is never given out again. */
export type Counters = {
  readonly sequence: number;
  readonly mediaSequence: number;
  readonly epoch: number;
  readonly revision: number;
};

/** What a numbering file says. */
export type Numbering = {
  /** The last numbers in use. Trustworthy only if the system has not gone down since: it is not flushed each time. */
  readonly used: Counters;
  /** No number above these was used; flushed ahead of use. */
  readonly reserved: Counters;
  /** Identifies the run of the operating system that wrote it; empty where unknown. */
  readonly bootId: string;
  /** Everything was flushed and nothing has been used since. */
  readonly isClosed: boolean;
};

/** Nothing published yet. Epochs count from 1, so 0 is free to mean none. */
export const NO_COUNTERS: Counters = { sequence: -1, mediaSequence: -1, epoch: 0, revision: 0 };

/**
 * How far ahead numbers are reserved: half of it is flushed rarely (every 50,000 parts, hours), and
 * 40,000 power losses fit into 32 bits.
 */
const RESERVE_AHEAD: Counters = { sequence: 100_000, mediaSequence: 100_000, epoch: 1000, revision: 100_000 };
const FILE_BYTES = 1024;
const NAMES = ['sequence', 'mediaSequence', 'epoch', 'revision'] as const;

/**
 * Remembers which numbers are in use, so that a crash never makes one be used twice.
 *
 * It is written in place (no new block is needed on a full disk) at every publication, before the
 * publication, without a flush: enough to survive the death of this process. Against a power loss
 * numbers are reserved, and flushed, far ahead.
 */
export class NumberingFile {
  readonly #file: number;
  readonly #bootId: string;
  #reserved: Counters;

  /** @throws the system's error when the file cannot be written */
  constructor(path: string, options: { readonly used: Counters; readonly bootId: string }) {
    this.#file = openForUpdate(path);
    this.#bootId = options.bootId;
    this.#reserved = addCounters(options.used, RESERVE_AHEAD);
    this.#write({ used: options.used, isClosed: false });
    fsyncSync(this.#file);
  }

  /** Says that these numbers are about to be used. Never throws: a live stream goes on without its disk. */
  note(used: Counters): void {
    const isRunningOut = NAMES.some((name) => this.#reserved[name] - used[name] < RESERVE_AHEAD[name] / 2);
    const before = this.#reserved;
    if (isRunningOut) this.#reserved = addCounters(used, RESERVE_AHEAD);
    try {
      this.#write({ used, isClosed: false });
      if (isRunningOut) fsyncSync(this.#file);
    } catch {
      this.#reserved = before;
      this.#invalidate();
    }
  }

  /** Flushes and closes. */
  close(used: Counters): void {
    try {
      this.#write({ used, isClosed: true });
      fsyncSync(this.#file);
    } catch {
      this.#invalidate();
    }
    closeSync(this.#file);
  }

  #write(state: { used: Counters; isClosed: boolean }): void {
    const numbering: Numbering = { ...state, reserved: this.#reserved, bootId: this.#bootId };
    const written = writeSync(this.#file, encode(numbering), 0, FILE_BYTES, 0);
    if (written !== FILE_BYTES) throw new Error('The numbering file was written in part.');
  }

  /** Rather no file than one that says too little: without it the numbers jump at the next start. */
  #invalidate(): void {
    try {
      ftruncateSync(this.#file, 0);
    } catch {
      // Not even this: the reservation made before still bounds the numbers.
    }
  }
}

/** Reads a numbering file: `missing` at the first start, `garbled` when it cannot be believed. */
export function readNumbering(path: string): Numbering | 'missing' | 'garbled' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'missing';
    throw error;
  }
  const [json = '', check] = text.trimEnd().split('\n');
  if (check !== checksum(json)) return 'garbled';
  return JSON.parse(json) as Numbering;
}

/** Numbers that cannot have been used when all that is known is the last ones found. */
export function beyond(found: Counters): Counters {
  return addCounters(found, RESERVE_AHEAD);
}

/** Identifies this run of the operating system; empty where the system does not tell. */
export function currentBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function encode(numbering: Numbering): Buffer {
  const json = JSON.stringify(numbering);
  return Buffer.from(`${json}\n${checksum(json)}`.padEnd(FILE_BYTES - 1) + '\n');
}

function checksum(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}

function addCounters(left: Counters, right: Counters): Counters {
  return {
    sequence: left.sequence + right.sequence,
    mediaSequence: left.mediaSequence + right.mediaSequence,
    epoch: left.epoch + right.epoch,
    revision: left.revision + right.revision,
  };
}

function openForUpdate(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return openSync(path, 'w+');
  }
}

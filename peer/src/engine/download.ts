import type { ChunkRef } from '@p2ptv/protocol';
import { missingBytes, type StoredChunk } from './chunk-store.js';
import type { LinkId } from './engine-io.js';
import type { Neighbour } from './neighbours.js';

/** A block as a neighbour sent it. */
export type SentBlock = ChunkRef & { readonly index: number; readonly bytes: Uint8Array };

/** What became of a block that a neighbour sent. */
export type BlockResult = 'taken' | 'duplicate' | 'unsolicited' | 'wrongLength' | 'forgotten';

/** A chunk, or what is missing of it, on its way from a neighbour. */
export type PeerSource = {
  readonly kind: 'peer';
  readonly linkId: LinkId;
  readonly isPush: boolean;
  readonly askedAtMs: number;
  readonly askedBytes: number;
  /** Of these, what it has not sent yet. */
  owedBytes: number;
  expectedAtMs: number;
  /** Its sender has said how much goes before it. */
  isQueued: boolean;
  /** When its first block came. */
  begunAtMs: number | undefined;
  lastBlockAtMs: number;
  receivedBytes: number;
  /** Its sender had all of it when it began: its pace is that of the sender's uplink. */
  isSteady: boolean;
};

/** Where a chunk is coming from. There is one outstanding source a chunk, and a second only for the end of a slow one. */
export type Source =
  | { readonly kind: 'none' }
  | PeerSource
  | {
      readonly kind: 'origin';
      readonly fetchId: number;
      /** When its last block came. */
      heardAtMs: number;
      /** When all bytes were there; their digests follow. */
      arrivedAtMs: number | undefined;
    };

/** A chunk that is wanted and not whole yet. */
export type Download = {
  readonly chunk: StoredChunk;
  readonly acceptedAtMs: number;
  /** X of the fallback rule: how much earlier than needed this peer turns to the origin, ms. */
  readonly jitterMs: number;
  source: Source;
  /** A second source, asked for the end because the first is slow. */
  tail: PeerSource | undefined;
  /** When a neighbour first told of it. */
  toldAtMs: number | undefined;
  /** Until then its parent's push is waited for. */
  waitsUntilMs: number;
  isSpared: boolean;
  switches: number;
  failures: number;
  retryAtMs: number;
  /** The origin answered that it does not have it any more. */
  isGoneAtOrigin: boolean;
  /** When it is to be looked at again, unless something happens to it. */
  dueMs: number;
};

/** Nobody is sending it. */
export const NO_SOURCE: Source = { kind: 'none' };

/** Capture date of a download's first frame, ms: the order of deadlines. */
export function startOf({ chunk }: Download): number {
  return chunk.signed.header.programDateTimeMs;
}

/** The transfer of a download that runs on a link. */
export function sourceAt({ source, tail }: Download, linkId: LinkId): PeerSource | undefined {
  if (source.kind === 'peer' && source.linkId === linkId) return source;
  return tail?.linkId === linkId ? tail : undefined;
}

/** A transfer that begins now, as far as is known; the neighbour owes us what is missing, or what of it follows a block. */
export function newPeerSource(
  nowMs: number,
  { chunk }: Download,
  from: { readonly neighbour: Neighbour; readonly isPush: boolean; readonly finishMs: number; readonly fromBlock?: number },
): PeerSource {
  const { neighbour, isPush, finishMs } = from;
  const askedBytes = missingBytes(chunk, from.fromBlock ?? 0);
  neighbour.marks.solicit(chunk.key);
  neighbour.marks.resume(chunk.key);
  neighbour.outstandingBytes += askedBytes;
  neighbour.outstandingChunks++;
  return {
    kind: 'peer',
    linkId: neighbour.linkId,
    isPush,
    askedAtMs: nowMs,
    askedBytes,
    owedBytes: askedBytes,
    expectedAtMs: finishMs,
    isQueued: false,
    begunAtMs: undefined,
    lastBlockAtMs: nowMs,
    receivedBytes: 0,
    isSteady: false,
  };
}

/** A block has come that was missing: when will the others have, of which so many bytes are left? */
export function noteBlock(
  nowMs: number,
  source: PeerSource,
  block: { readonly neighbour: Neighbour; readonly length: number; readonly leftBytes: number },
): void {
  source.lastBlockAtMs = nowMs;
  source.receivedBytes += block.length;
  // As fast as its uplink at best, and no faster than it has come so far.
  const paceMs = (nowMs - (source.begunAtMs ?? nowMs)) / source.receivedBytes;
  const msPerByte = Math.max(block.neighbour.msPerKib.mean / 1024, paceMs);
  source.expectedAtMs = nowMs + block.leftBytes * msPerByte;
}

/** When a running transfer is expected to be over; one that is overdue is given half as long again. */
export function expectedFinishMs(nowMs: number, { source }: Download): number {
  if (source.kind !== 'peer') return Infinity;
  if (nowMs <= source.expectedAtMs) return source.expectedAtMs;
  const sinceMs = source.begunAtMs === undefined ? source.askedAtMs : source.lastBlockAtMs;
  return nowMs + (source.expectedAtMs - sinceMs) / 2;
}

/** A request whose answer has not begun. */
export function isIdlePull(source: Source): boolean {
  return source.kind === 'peer' && !source.isPush && source.begunAtMs === undefined;
}

import { BLOCK_BYTES, decodeChunkHeader } from './chunk-header.js';
import { peersBodyBytes, readPeers, readRelay, relayBodyBytes, writePeers, writeRelay } from './exchange-codec.js';
import { STRIPE_COUNT, type ChunkSequence, type RenditionId } from './ids.js';
import { LIMITS } from './limits.js';
import {
  NO_OFFER,
  WIRE_VERSION,
  type ByeReason,
  type ChunkRef,
  type Holding,
  type PeerStatus,
  type RejectReason,
  type WireMessage,
} from './wire-message.js';

/**
 * Type bytes. 0x26–0x2f are kept for what comes; a peer ignores types that it does not know (SPEC WR2).
 */
const TYPE = {
  hello: 0x01,
  status: 0x02,
  header: 0x03,
  incoming: 0x04,
  have: 0x05,
  request: 0x06,
  block: 0x07,
  cancel: 0x08,
  reject: 0x09,
  ping: 0x0a,
  pong: 0x0b,
  bye: 0x0c,
  queued: 0x0d,
  subscribe: 0x20,
  unsubscribe: 0x21,
  offers: 0x24,
  holdings: 0x25,
  peers: 0x22,
  relay: 0x23,
} as const;

const HOLDINGS: readonly Holding[] = ['none', 'incoming', 'complete'];
const REJECT_REASONS: readonly RejectReason[] = ['notHeld', 'overLimit', 'notUploading', 'tooLate'];
const BYE_REASONS: readonly ByeReason[] = [
  'leaving',
  'badBlock',
  'badHeader',
  'misbehaviour',
  'tooManyLinks',
  'idle',
];

const STATUS_BYTES = 11;
/** The same up to version 2. */
const FORMER_STATUS_BYTES = 9;
const REF_BYTES = 5;
const OFFERS_BYTES = 2 + 2 * STRIPE_COUNT;
const STATUS_UPLOADING = 1;
const STATUS_VISIBLE = 2;
const MAX_BLOCK_INDEX = Math.ceil(LIMITS.chunkBytes / BLOCK_BYTES) - 1;

/** What came in a frame: a message, a type of a later version (to be ignored), or nonsense. */
export type DecodedFrame = WireMessage | { readonly kind: 'unknown' } | { readonly kind: 'malformed' };

/** Exact length of {@link encodeMessage}'s result, without encoding; the simulator counts bytes with it. */
export function encodedMessageBytes(message: WireMessage): number {
  switch (message.kind) {
    case 'hello':
      return 2 + STATUS_BYTES;
    case 'status':
      return 1 + STATUS_BYTES;
    case 'header':
      return 4 + message.signed.bytes.length;
    case 'incoming':
    case 'have':
      return 1 + REF_BYTES + 2;
    case 'cancel':
      return 1 + REF_BYTES;
    case 'request':
      return 1 + REF_BYTES + 6;
    case 'block':
      return 1 + REF_BYTES + 2 + message.bytes.length;
    case 'reject':
      return 1 + REF_BYTES + 1;
    case 'queued':
      return 1 + REF_BYTES + 4;
    case 'subscribe':
    case 'unsubscribe':
      return 3;
    case 'offers':
      return OFFERS_BYTES;
    case 'holdings':
      return 1 + REF_BYTES + message.bits.length;
    case 'ping':
    case 'pong':
      return 5;
    case 'peers':
      return 1 + peersBodyBytes(message.peers);
    case 'relay':
      return 1 + relayBodyBytes(message.signal);
    case 'bye':
      return 2;
  }
}

/**
 * Encodes a message into a fresh buffer; big-endian throughout.
 *
 * @throws RangeError for a PEERS of none or too many, a HOLDINGS that no receiver would read, and a RELAY of what is not `isRelayable`
 */
export function encodeMessage(message: WireMessage): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(encodedMessageBytes(message));
  const view = new DataView(bytes.buffer);
  bytes[0] = TYPE[message.kind];
  switch (message.kind) {
    case 'hello':
      bytes[1] = message.version;
      writeStatus(view, 2, message.status);
      break;
    case 'status':
      writeStatus(view, 1, message.status);
      break;
    case 'header':
      bytes[1] = HOLDINGS.indexOf(message.holding);
      view.setUint16(2, clampToUint16(message.aheadKib ?? 0));
      bytes.set(message.signed.bytes, 4);
      break;
    case 'incoming':
    case 'have':
      writeRef(view, message);
      view.setUint16(6, clampToUint16(message.aheadKib ?? 0));
      break;
    case 'cancel':
      writeRef(view, message);
      break;
    case 'request':
      writeRef(view, message);
      view.setUint16(6, message.firstBlock);
      view.setUint16(8, message.blockCount);
      view.setUint16(10, clampToUint16(message.deadlineInMs));
      break;
    case 'block':
      writeRef(view, message);
      view.setUint16(6, message.index);
      bytes.set(message.bytes, 8);
      break;
    case 'reject':
      writeRef(view, message);
      bytes[6] = REJECT_REASONS.indexOf(message.reason);
      break;
    case 'queued':
      writeRef(view, message);
      view.setUint32(6, clampToUint32(message.aheadBytes));
      break;
    case 'offers':
      bytes[1] = message.rendition;
      for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
        view.setUint16(2 + 2 * stripe, clampToUint16(message.pathMs[stripe] ?? NO_OFFER));
      }
      break;
    case 'holdings':
      if (!areHoldingsReadable(message.sequence, message.bits.length)) {
        throw new RangeError(`${message.bits.length} bytes of holdings from sequence ${message.sequence} on cannot be told`);
      }
      writeRef(view, message);
      bytes.set(message.bits, 1 + REF_BYTES);
      break;
    case 'subscribe':
    case 'unsubscribe':
      bytes[1] = message.rendition;
      bytes[2] = message.stripe;
      break;
    case 'ping':
    case 'pong':
      view.setUint32(1, message.nonce);
      break;
    case 'peers':
      writePeers(bytes, message.peers);
      break;
    case 'relay':
      writeRelay(bytes, message.signal);
      break;
    case 'bye':
      bytes[1] = BYE_REASONS.indexOf(message.reason);
      break;
  }
  return bytes;
}

/** Reads one frame. Blocks and headers alias `frame`: hand over a buffer that nobody else writes. */
export function decodeMessage(frame: Uint8Array): DecodedFrame {
  const malformed = { kind: 'malformed' } as const;
  if (frame.length === 0 || frame.length > LIMITS.frameBytes) return malformed;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const length = frame.length;
  switch (view.getUint8(0)) {
    case TYPE.hello:
      return readHello(view) ?? malformed;
    case TYPE.status:
      return length === 1 + STATUS_BYTES ? { kind: 'status', status: readStatus(view, 1) } : malformed;
    case TYPE.header: {
      const holding = length > 4 ? HOLDINGS[view.getUint8(1)] : undefined;
      const signed = decodeChunkHeader(frame.subarray(4));
      return signed && holding ? { kind: 'header', signed, holding, aheadKib: view.getUint16(2) } : malformed;
    }
    case TYPE.incoming:
      return readNews(view, 'incoming') ?? malformed;
    case TYPE.have:
      return readNews(view, 'have') ?? malformed;
    case TYPE.cancel: {
      const ref = length === 1 + REF_BYTES ? readRef(view) : undefined;
      return ref ? { kind: 'cancel', ...ref } : malformed;
    }
    case TYPE.request:
      return readRequest(view) ?? malformed;
    case TYPE.block: {
      if (length < 1 + REF_BYTES + 3 || length > 1 + REF_BYTES + 2 + BLOCK_BYTES) return malformed;
      const index = view.getUint16(6);
      const ref = readRef(view);
      if (index > MAX_BLOCK_INDEX || !ref) return malformed;
      return { kind: 'block', ...ref, index, bytes: frame.subarray(8) };
    }
    case TYPE.reject: {
      if (length !== 1 + REF_BYTES + 1) return malformed;
      const reason = REJECT_REASONS[view.getUint8(6)];
      const ref = readRef(view);
      return reason && ref ? { kind: 'reject', ...ref, reason } : malformed;
    }
    case TYPE.queued: {
      const ref = length === 1 + REF_BYTES + 4 ? readRef(view) : undefined;
      return ref ? { kind: 'queued', ...ref, aheadBytes: view.getUint32(6) } : malformed;
    }
    case TYPE.subscribe:
      return readStripe(view, 'subscribe') ?? malformed;
    case TYPE.unsubscribe:
      return readStripe(view, 'unsubscribe') ?? malformed;
    case TYPE.offers:
      return readOffers(view) ?? malformed;
    case TYPE.holdings: {
      const ref = length > 1 + REF_BYTES ? readRef(view) : undefined;
      const bits = frame.subarray(1 + REF_BYTES);
      return ref && areHoldingsReadable(ref.sequence, bits.length) ? { kind: 'holdings', ...ref, bits } : malformed;
    }
    case TYPE.ping:
      return length === 5 ? { kind: 'ping', nonce: view.getUint32(1) } : malformed;
    case TYPE.pong:
      return length === 5 ? { kind: 'pong', nonce: view.getUint32(1) } : malformed;
    case TYPE.peers: {
      const peers = readPeers(view);
      return peers ? { kind: 'peers', peers } : malformed;
    }
    case TYPE.relay: {
      const signal = readRelay(view);
      return signal ? { kind: 'relay', signal } : malformed;
    }
    case TYPE.bye: {
      const reason = length === 2 ? BYE_REASONS[view.getUint8(1)] : undefined;
      return reason ? { kind: 'bye', reason } : malformed;
    }
    default:
      return { kind: 'unknown' };
  }
}

/** A later version may append to its HELLO, a former one lacks its end; what is read here stays where it is in every version. */
function readHello(view: DataView): WireMessage | undefined {
  const length = view.byteLength;
  const version = length > 1 ? view.getUint8(1) : 0;
  const isOwn = length === 2 + STATUS_BYTES;
  const isLater = length > 2 + STATUS_BYTES && version > WIRE_VERSION;
  const isFormer = length === 2 + FORMER_STATUS_BYTES && version < WIRE_VERSION;
  return isOwn || isLater || isFormer ? { kind: 'hello', version, status: readStatus(view, 2) } : undefined;
}

function readRequest(view: DataView): WireMessage | undefined {
  if (view.byteLength !== 1 + REF_BYTES + 6) return undefined;
  const firstBlock = view.getUint16(6);
  const blockCount = view.getUint16(8);
  const ref = readRef(view);
  if (!ref || blockCount === 0 || firstBlock + blockCount - 1 > MAX_BLOCK_INDEX) return undefined;
  return { kind: 'request', ...ref, firstBlock, blockCount, deadlineInMs: view.getUint16(10) };
}

function writeRef(view: DataView, ref: ChunkRef): void {
  view.setUint8(1, ref.rendition);
  view.setUint32(2, ref.sequence);
}

/** Undefined for a rendition that no stream can have, so that nobody keeps state for it. */
function readRef(view: DataView): ChunkRef | undefined {
  const rendition = view.getUint8(1);
  if (rendition >= LIMITS.renditions) return undefined;
  return { rendition: rendition as RenditionId, sequence: view.getUint32(2) as ChunkSequence };
}

function readNews(view: DataView, kind: 'incoming' | 'have'): WireMessage | undefined {
  const ref = view.byteLength === 1 + REF_BYTES + 2 ? readRef(view) : undefined;
  return ref && { kind, ...ref, aheadKib: view.getUint16(6) };
}

function readOffers(view: DataView): WireMessage | undefined {
  if (view.byteLength !== OFFERS_BYTES) return undefined;
  const rendition = view.getUint8(1);
  if (rendition >= LIMITS.renditions) return undefined;
  const pathMs = Array.from({ length: STRIPE_COUNT }, (_, stripe) => view.getUint16(2 + 2 * stripe));
  return { kind: 'offers', rendition: rendition as RenditionId, pathMs };
}

/** A byte tells of eight chunks: the first sequence is a multiple of eight, and the last one that can be. */
function areHoldingsReadable(first: number, byteCount: number): boolean {
  return byteCount > 0 && byteCount <= LIMITS.holdingsBytes && first % 8 === 0 && first + 8 * byteCount <= 0x1_0000_0000;
}

function readStripe(view: DataView, kind: 'subscribe' | 'unsubscribe'): WireMessage | undefined {
  if (view.byteLength !== 3) return undefined;
  const rendition = view.getUint8(1);
  const stripe = view.getUint8(2);
  if (rendition >= LIMITS.renditions || stripe >= STRIPE_COUNT) return undefined;
  return { kind, rendition: rendition as RenditionId, stripe };
}

function writeStatus(view: DataView, offset: number, status: PeerStatus): void {
  view.setUint32(offset, clampToUint32(status.uplinkKbps));
  view.setUint32(offset + 4, clampToUint32(status.queuedBytes));
  view.setUint8(
    offset + 8,
    (status.isUploading ? STATUS_UPLOADING : 0) | (status.isVisible ? STATUS_VISIBLE : 0),
  );
  view.setUint16(offset + FORMER_STATUS_BYTES, clampToUint16(status.renditions ?? 0));
}

function clampToUint16(value: number): number {
  return Math.max(0, Math.min(0xffff, Math.round(value)));
}

function clampToUint32(value: number): number {
  return Math.max(0, Math.min(0xffff_ffff, Math.round(value)));
}

function readStatus(view: DataView, offset: number): PeerStatus {
  const flags = view.getUint8(offset + 8);
  return {
    uplinkKbps: view.getUint32(offset),
    queuedBytes: view.getUint32(offset + 4),
    isUploading: (flags & STATUS_UPLOADING) !== 0,
    isVisible: (flags & STATUS_VISIBLE) !== 0,
    renditions: view.byteLength > offset + FORMER_STATUS_BYTES ? view.getUint16(offset + FORMER_STATUS_BYTES) : 0,
  };
}

import { hex } from '@scure/base';
import type { PeerId } from './ids.js';
import { LIMITS } from './limits.js';
import type { Signal, SignalBody } from './tracker-contract.js';
import type { NamedPeer } from './wire-message.js';

/**
 * Bodies of the messages by which a mesh goes on without its tracker: PEERS and RELAY. Each begins
 * behind the frame's type byte. (SPEC WR13, WR14)
 */

const PEER_ID_BYTES = 16;
const NAMED_PEER_BYTES = PEER_ID_BYTES + 6;
const ROLES: readonly NamedPeer['role'][] = ['viewer', 'seeder'];
const FLAG_UPLOADING = 1;
const FLAG_VISIBLE = 2;

const BODY_KINDS: readonly SignalBody['kind'][] = ['offer', 'answer', 'candidate', 'refuse'];
type RefuseReason = Extract<SignalBody, { kind: 'refuse' }>['reason'];
const REFUSE_REASONS: readonly RefuseReason[] = ['full', 'badTicket', 'gone'];
const CONNECTION_ID_PATTERN = /^[0-9a-f]{8,32}$/;
/** As the tracker's contract has it. */
const MAX_TICKET_BYTES = 2048;
const MAX_CANDIDATE_BYTES = 1024;
const MAX_MID_BYTES = 32;

/** Length of the body of a PEERS. */
export function peersBodyBytes(peers: readonly NamedPeer[]): number {
  return peers.length * NAMED_PEER_BYTES;
}

/**
 * Writes the body of a PEERS behind the type byte.
 *
 * @throws RangeError for none, or more than LIMITS.peersPerMessage
 */
export function writePeers(bytes: Uint8Array<ArrayBuffer>, peers: readonly NamedPeer[]): void {
  if (peers.length === 0 || peers.length > LIMITS.peersPerMessage) {
    throw new RangeError(`PEERS names 1 to ${LIMITS.peersPerMessage} peers, not ${peers.length}`);
  }
  const view = new DataView(bytes.buffer);
  peers.forEach((peer, index) => {
    const offset = 1 + index * NAMED_PEER_BYTES;
    bytes.set(hex.decode(peer.peerId), offset);
    bytes[offset + 16] = ROLES.indexOf(peer.role);
    view.setUint32(offset + 17, Math.max(0, Math.min(0xffff_ffff, Math.round(peer.uplinkKbps))));
    bytes[offset + 21] = (peer.isUploading ? FLAG_UPLOADING : 0) | (peer.isVisible ? FLAG_VISIBLE : 0);
  });
}

/** Reads a PEERS frame; undefined when malformed. */
export function readPeers(view: DataView): readonly NamedPeer[] | undefined {
  const count = (view.byteLength - 1) / NAMED_PEER_BYTES;
  if (!Number.isInteger(count) || count === 0 || count > LIMITS.peersPerMessage) return undefined;
  const peers: NamedPeer[] = [];
  for (let offset = 1; offset < view.byteLength; offset += NAMED_PEER_BYTES) {
    const role = ROLES[view.getUint8(offset + 16)];
    if (!role) return undefined;
    const flags = view.getUint8(offset + 21);
    peers.push({
      peerId: readPeerId(view, offset),
      role,
      uplinkKbps: view.getUint32(offset + 17),
      isUploading: (flags & FLAG_UPLOADING) !== 0,
      isVisible: (flags & FLAG_VISIBLE) !== 0,
    });
  }
  return peers;
}

/** True for a signal that a RELAY can carry: all ASCII, and within the contract's lengths. */
export function isRelayable({ connectionId, body }: Signal): boolean {
  if (!CONNECTION_ID_PATTERN.test(connectionId)) return false;
  switch (body.kind) {
    case 'offer':
    case 'answer':
      return (
        body.ticket.length > 0 &&
        isAsciiWithin(body.ticket, MAX_TICKET_BYTES) &&
        isAsciiWithin(body.sdp, LIMITS.signalBytes)
      );
    case 'candidate':
      return isAsciiWithin(body.mid, MAX_MID_BYTES) && isAsciiWithin(body.candidate, MAX_CANDIDATE_BYTES);
    case 'refuse':
      return true;
  }
}

/** Length of the body of a RELAY. */
export function relayBodyBytes({ connectionId, body }: Signal): number {
  const addressBytes = 2 * PEER_ID_BYTES + 1 + connectionId.length + 1;
  switch (body.kind) {
    case 'offer':
    case 'answer':
      return addressBytes + 2 + body.ticket.length + 2 + body.sdp.length;
    case 'candidate':
      return addressBytes + 1 + body.mid.length + 2 + body.candidate.length;
    case 'refuse':
      return addressBytes + 1;
  }
}

/**
 * Writes the body of a RELAY behind the type byte.
 *
 * @throws RangeError for a signal that is not {@link isRelayable}
 */
export function writeRelay(bytes: Uint8Array<ArrayBuffer>, signal: Signal): void {
  if (!isRelayable(signal)) throw new RangeError('this signal cannot be relayed');
  const { from, to, connectionId, body } = signal;
  const writer = new Writer(bytes);
  writer.bytes(hex.decode(from));
  writer.bytes(hex.decode(to));
  writer.text(connectionId, 1);
  writer.uint(BODY_KINDS.indexOf(body.kind), 1);
  switch (body.kind) {
    case 'offer':
    case 'answer':
      writer.text(body.ticket, 2);
      writer.text(body.sdp, 2);
      return;
    case 'candidate':
      writer.text(body.mid, 1);
      writer.text(body.candidate, 2);
      return;
    case 'refuse':
      writer.uint(REFUSE_REASONS.indexOf(body.reason), 1);
      return;
  }
}

/** Reads a RELAY frame; undefined when malformed. */
export function readRelay(view: DataView): Signal | undefined {
  if (view.byteLength < 1 + 2 * PEER_ID_BYTES) return undefined;
  const reader = new Reader(view, 1 + 2 * PEER_ID_BYTES);
  const connectionId = reader.text(1);
  const kind = BODY_KINDS[reader.uint(1) ?? -1];
  const body = kind && readBody(kind, reader);
  if (connectionId === undefined || !body || !reader.isAtEnd) return undefined;
  const signal: Signal = {
    from: readPeerId(view, 1),
    to: readPeerId(view, 1 + PEER_ID_BYTES),
    connectionId,
    body,
  };
  return isRelayable(signal) ? signal : undefined;
}

function readBody(kind: SignalBody['kind'], reader: Reader): SignalBody | undefined {
  switch (kind) {
    case 'offer':
    case 'answer': {
      const ticket = reader.text(2);
      const sdp = reader.text(2);
      return ticket === undefined || sdp === undefined ? undefined : { kind, ticket, sdp };
    }
    case 'candidate': {
      const mid = reader.text(1);
      const candidate = reader.text(2);
      return mid === undefined || candidate === undefined ? undefined : { kind, mid, candidate };
    }
    case 'refuse': {
      const reason = REFUSE_REASONS[reader.uint(1) ?? -1];
      return reason && { kind, reason };
    }
  }
}

function readPeerId(view: DataView, offset: number): PeerId {
  return hex.encode(new Uint8Array(view.buffer, view.byteOffset + offset, PEER_ID_BYTES)) as PeerId;
}

function isAsciiWithin(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return false;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Writes fields one after another, from behind the type byte on. */
class Writer {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #offset = 1;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#offset);
    this.#offset += bytes.length;
  }

  uint(value: number, size: 1 | 2): void {
    if (size === 2) this.#bytes[this.#offset++] = value >>> 8;
    this.#bytes[this.#offset++] = value & 0xff;
  }

  /** ASCII, its length before it. */
  text(text: string, lengthSize: 1 | 2): void {
    this.uint(text.length, lengthSize);
    for (let index = 0; index < text.length; index++) this.#bytes[this.#offset++] = text.charCodeAt(index);
  }
}

/** Reads fields one after another; undefined where the frame is over. */
class Reader {
  readonly #view: DataView;
  #offset: number;

  constructor(view: DataView, offset: number) {
    this.#view = view;
    this.#offset = offset;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#view.byteLength;
  }

  uint(size: 1 | 2): number | undefined {
    if (this.#offset + size > this.#view.byteLength) return undefined;
    const value = size === 1 ? this.#view.getUint8(this.#offset) : this.#view.getUint16(this.#offset);
    this.#offset += size;
    return value;
  }

  /** What is no ASCII is refused later, by its length or by {@link isRelayable}. */
  text(lengthSize: 1 | 2): string | undefined {
    const length = this.uint(lengthSize);
    if (length === undefined || this.#offset + length > this.#view.byteLength) return undefined;
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#offset, length);
    this.#offset += length;
    return length > LIMITS.signalBytes ? undefined : String.fromCharCode(...bytes);
  }
}

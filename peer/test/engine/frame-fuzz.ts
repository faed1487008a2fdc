import { createHash } from 'node:crypto';
import {
  decodeMessage,
  encodedMessageBytes,
  encodeMessage,
  isEqualBytes,
  LIMITS,
  NO_OFFER,
  randomInteger,
  seededRandom,
  STRIPE_COUNT,
  WIRE_VERSION,
  type NamedPeer,
  type PeerRole,
  type Random,
  type ChunkSequence,
  type RenditionId,
  type SignedChunkHeader,
  type WireMessage,
} from '@p2ptv/protocol';
import type { EngineCommand, EngineInput, LinkId } from '../../src/engine/engine-io.js';
import { resolveEngineOptions } from '../../src/engine/engine-options.js';
import { PeerEngine } from '../../src/engine/peer-engine.js';
import { peerId, ref } from './engine-rig.js';
import { blockOf, forge, publish, RENDITION, STREAM_ID, FIRST_DATE_MS, PART_MS } from './published-stream.js';

const SEQUENCES = 40;
const LINKS = 6;
/** Inputs that one input may cause at most, checks and digests included: more is a loop. */
const MOST_ANSWERS = 400;
/** Marks a neighbour, beyond which somebody's frames make it grow. */
const MOST_MARKS = 1024;

const FORGED = Array.from({ length: SEQUENCES }, (_, sequence) => forge(sequence));
const STATUS = { uplinkKbps: 10_000, queuedBytes: 0, isUploading: true, isVisible: true };
const DIGESTS = new Map<string, Uint8Array>();

/**
 * An engine among neighbours whose frames are anything: what the protocol allows in any order, and
 * frames with bytes changed, cut or lengthened, read by the codec as a link's would be. Everything follows from the seed.
 */
export class FrameFuzz {
  /** Frames that were a message, and others. */
  messages = 0;
  refused = 0;
  readonly #random: Random;
  readonly #engine: PeerEngine;
  readonly #role: PeerRole;
  readonly #isOnDemand: boolean;
  readonly #open = new Set<LinkId>();
  readonly #buffered = new Map<LinkId, number>();
  readonly #pending: EngineCommand[] = [];
  /** What the engine asked of whom lately: blocks that nobody asked for end the link. */
  #asked: { readonly linkId: LinkId; readonly sequence: number; readonly index: number }[] = [];
  readonly #parents = new Map<LinkId, number>();
  /** Share of frames that are altered: 0 keeps links up for long. */
  readonly #alteredRatio: number;
  #nextLinkId = 1;
  #nowMs = 1_000;
  #edge = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#alteredRatio = this.#pick([0, 0, 0.01, 0.1]);
    this.#role = this.#pick(['viewer', 'viewer', 'viewer', 'seeder', 'origin'] as const);
    this.#isOnDemand = this.#role === 'viewer' && this.#random.next() < 0.3;
    this.#engine = new PeerEngine(
      { streamId: STREAM_ID, role: this.#role, isOnDemand: this.#isOnDemand },
      resolveEngineOptions({ store: { budgetBytes: 20 * publish(0).bytes.length, keepMs: 3_000 } }),
      { random: seededRandom(seed + 1), bufferedBytes: (linkId) => this.#buffered.get(linkId) ?? 0 },
    );
    if (this.#isOnDemand) this.#handle({ kind: 'opened', rendition: RENDITION, headers: [publish(0).signed, publish(1).signed], isEnd: false });
    else if (this.#role === 'viewer') {
      this.#handle({ kind: 'joined', rendition: RENDITION, headers: [publish(0).signed, publish(1).signed] });
    }
    if (this.#random.next() < 0.5) this.#handle({ kind: 'duty', rendition: RENDITION, stripes: [0, 3] });
  }

  /** Plays that many frames, and then lets time pass; throws where the engine does, or breaks a bound. */
  run(frames: number): void {
    for (let count = 0; count < frames; count++) {
      this.#around();
      const linkId = this.#anyLink();
      const frame = this.#nextFrame(linkId);
      const message = decodeMessage(frame);
      if (message.kind === 'unknown') this.refused++;
      else if (message.kind === 'malformed') {
        this.refused++;
        this.#handle({ kind: 'malformed', linkId });
      } else {
        this.messages++;
        this.#handle({ kind: 'message', linkId, message });
      }
      if (count % 50 === 0) this.#checkState();
    }
    this.#checkState();
    this.#checkRest();
  }

  /** What happens between frames. */
  #around(): void {
    const dice = this.#random.next();
    if (dice < 0.5) this.#nowMs += randomInteger(this.#random, 30);
    if (dice < 0.05 && this.#edge < SEQUENCES - 1) this.#advance();
    if (dice > 0.9) this.#tickIfDue();
    if (dice > 0.97) this.#answerSome();
    if (dice > 0.985) this.#drainOne();
    if (dice > 0.998) this.#nowMs += 4_000;
    // A laptop wakes.
    if (dice > 0.9998) this.#nowMs += this.#pick([60_000, 3_600_000, 2 ** 40]);
    if (dice > 0.5 && dice < 0.502) this.#handle({ kind: 'quality', choice: { mode: 'pinned', rendition: this.#pick([RENDITION, 1 as RenditionId]) } });
    if (this.#isOnDemand && dice > 0.992) this.#handle({ kind: 'seek', dateMs: FIRST_DATE_MS + randomInteger(this.#random, SEQUENCES) * PART_MS });
    if (dice > 0.995) {
      const playheadMs = FIRST_DATE_MS + this.#edge * PART_MS - 1_000;
      this.#handle({ kind: 'playback', position: { playheadMs, rate: 1 } });
    }
  }

  #advance(): void {
    this.#edge++;
    const { signed, bytes } = publish(this.#edge);
    if (this.#role === 'origin') this.#handle({ kind: 'published', signed, bytes });
    else if (this.#random.next() < 0.3) this.#handle({ kind: 'originHeaders', rendition: RENDITION, headers: [signed] });
  }

  #tickIfDue(): void {
    if (this.#engine.dueMs <= this.#nowMs) this.#handle({ kind: 'tick' });
  }

  #drainOne(): void {
    const linkId = this.#anyLink();
    this.#buffered.delete(linkId);
    this.#handle({ kind: 'linkDrained', linkId });
  }

  #anyLink(): LinkId {
    if (this.#open.size < LINKS && (this.#open.size === 0 || this.#random.next() < 0.05)) this.#openLink();
    return this.#pick([...this.#open]);
  }

  #openLink(): void {
    const linkId = this.#nextLinkId++;
    this.#open.add(linkId);
    const role = this.#pick(['viewer', 'viewer', 'viewer', 'seeder', 'origin'] as const);
    this.#handle({ kind: 'linkOpened', linkId, peerId: peerId(linkId), role });
    if (this.#random.next() < 0.97) {
      this.#handle({ kind: 'message', linkId, message: { kind: 'hello', version: WIRE_VERSION, status: STATUS } });
    }
    if (!this.#open.has(linkId)) this.#openLink();
  }

  #handle(input: EngineInput): void {
    this.#engine.handle(this.#nowMs, input);
    for (const command of this.#engine.takeCommands()) this.#obey(command);
    for (let answers = 0; this.#pending.length > 0 && this.#random.next() < 0.8; answers++) {
      if (answers > MOST_ANSWERS) throw new Error(`${input.kind} has led to ${answers} checks`);
      this.#answer();
    }
  }

  #answerSome(): void {
    for (let count = Math.min(20, this.#pending.length); count > 0; count--) this.#answer();
  }

  #answer(): void {
    const command = this.#pending.shift();
    if (command?.kind === 'checkSignature') {
      this.#engine.handle(this.#nowMs, { kind: 'signatureChecked', checkId: command.checkId, isValid: isPublished(command.signed) });
    } else if (command?.kind === 'digestBlock') {
      this.#engine.handle(this.#nowMs, { kind: 'blockDigested', digestId: command.digestId, digest: digestOf(command.bytes) });
    } else if (command?.kind === 'fetchChunk') this.#fetch(command);
    else if (command?.kind === 'headersAt') this.#place(command);
    for (const caused of this.#engine.takeCommands()) this.#obey(caused);
  }

  #place({ requestId, dateMs, count }: Extract<EngineCommand, { kind: 'headersAt' }>): void {
    const first = Math.max(0, Math.min(SEQUENCES - 1, Math.floor((dateMs - FIRST_DATE_MS) / PART_MS / 5) * 5));
    const headers = Array.from({ length: Math.min(count, SEQUENCES - first) }, (_, index) => publish(first + index).signed);
    const isAnswered = this.#random.next() < 0.7;
    this.#engine.handle(this.#nowMs, isAnswered ? { kind: 'placeHeaders', requestId, headers, isEnd: headers.length < count } : { kind: 'placeHeadersFailed', requestId });
  }

  #fetch({ fetchId, chunk, firstByte }: Extract<EngineCommand, { kind: 'fetchChunk' }>): void {
    if (this.#random.next() < 0.3) {
      this.#engine.handle(this.#nowMs, { kind: 'fetchFailed', fetchId, failure: this.#pick(['notFound', 'unavailable', 'invalid'] as const) });
      return;
    }
    this.#engine.handle(this.#nowMs, { kind: 'fetchBytes', fetchId, bytes: publish(chunk.sequence).bytes.slice(firstByte) });
  }

  #obey(command: EngineCommand): void {
    const { kind } = command;
    if (kind === 'send') {
      const { linkId, message } = command;
      this.#checkSent(message);
      this.#note(linkId, message);
      this.#buffered.set(linkId, (this.#buffered.get(linkId) ?? 0) + encodedMessageBytes(message));
      if (this.#random.next() < 0.7) this.#buffered.delete(linkId);
    } else if (kind === 'closeLink') {
      this.#open.delete(command.linkId);
      this.#buffered.delete(command.linkId);
    } else if (kind === 'checkSignature' || kind === 'digestBlock' || kind === 'fetchChunk' || kind === 'headersAt') {
      this.#pending.push(command);
    }
  }

  #note(linkId: LinkId, message: WireMessage): void {
    if (message.kind === 'subscribe') this.#parents.set(linkId, message.stripe);
    if (message.kind !== 'request') return;
    for (let index = message.firstBlock; index < message.firstBlock + message.blockCount; index++) {
      this.#asked.push({ linkId, sequence: message.sequence, index });
    }
    this.#asked = this.#asked.slice(-40);
  }

  /** Whatever goes out can be written, and is what the publisher signed. */
  #checkSent(message: WireMessage): void {
    if (message.kind === 'block') {
      if (!isEqualBytes(message.bytes, blockOf(publish(message.sequence), message.index))) throw new Error('an altered block was passed on');
      return;
    }
    if (message.kind === 'header' && !isPublished(message.signed)) throw new Error('a forged header was passed on');
    if (encodeMessage(message).length > LIMITS.frameBytes) throw new Error(`${message.kind} is too long`);
  }

  #checkState(): void {
    const { neighbours } = this.#engine.state;
    if (neighbours.length > LINKS) throw new Error(`${neighbours.length} neighbours`);
    for (const { marks, outstandingBytes, outstandingChunks, msPerKib, roundTripMs } of neighbours) {
      if (marks.size > MOST_MARKS) throw new Error(`${marks.size} marks of one neighbour`);
      if (!(outstandingBytes >= 0 && outstandingChunks >= 0)) throw new Error(`outstanding: ${outstandingBytes} bytes, ${outstandingChunks} chunks`);
      if (!Number.isFinite(msPerKib.mean) || !Number.isFinite(roundTripMs.mean)) throw new Error('an estimate is no number');
    }
    if (this.#pending.length > 2_000) throw new Error(`${this.#pending.length} checks wait`);
  }

  /** Left alone, the engine goes to rest. */
  #checkRest(): void {
    while (this.#pending.length > 0) this.#answer();
    let ticks = 0;
    for (const endMs = this.#nowMs + 2_000; ; ticks++) {
      const dueMs = Math.max(this.#engine.dueMs, this.#nowMs + 1);
      if (!(dueMs <= endMs)) break;
      this.#nowMs = dueMs;
      this.#handle({ kind: 'tick' });
      this.#buffered.clear();
    }
    if (ticks > 600) throw new Error(`${ticks} ticks in two seconds of silence`);
  }

  #nextFrame(linkId: LinkId): Uint8Array {
    const frame = encodeMessage(this.#nextMessage(linkId));
    if (this.#random.next() >= this.#alteredRatio) return frame;
    const way = randomInteger(this.#random, 6);
    if (way === 0) return this.#bytes(1 + randomInteger(this.#random, 40));
    if (way === 1) return frame.slice(0, randomInteger(this.#random, frame.length + 1));
    if (way === 2) return new Uint8Array([...frame.subarray(0, 200), 0]);
    for (let change = randomInteger(this.#random, 3); change >= 0; change--) {
      frame[1 + randomInteger(this.#random, Math.min(60, frame.length - 1))] = this.#pick([0, 0xff, randomInteger(this.#random, 256)]);
    }
    return frame;
  }

  /** A block that was asked for, or that a parent may push; now and then another. */
  #nextBlock(linkId: LinkId, near: number): WireMessage {
    const asked = this.#asked.find((it) => it.linkId === linkId);
    const stripe = this.#parents.get(linkId);
    const isWild = this.#random.next() < 0.02;
    if (asked && !isWild) {
      this.#asked.splice(this.#asked.indexOf(asked), 1);
      const from = this.#random.next() < 0.98 ? asked.index : 0;
      return { kind: 'block', ...ref(asked.sequence), index: asked.index, bytes: blockOf(publish(asked.sequence), from) };
    }
    if (stripe === undefined && !isWild) return { kind: 'incoming', ...ref(near), aheadKib: 0 };
    const pushed = isWild || stripe === undefined ? near : near - (near % STRIPE_COUNT) + stripe;
    const index = randomInteger(this.#random, 5);
    return { kind: 'block', ...ref(pushed), index, bytes: blockOf(publish(pushed), index) };
  }

  #nextMessage(linkId: LinkId): WireMessage {
    const random = this.#random;
    const near = Math.max(0, Math.min(SEQUENCES - 1, this.#edge - 4 + randomInteger(random, 8)));
    const isFar = random.next() < 0.04;
    const chunk = isFar ? ref(this.#pick([500, 70_000, 0xffff_ffff, randomInteger(random, 0xffff_ffff)])) : ref(near);
    const rendition = (random.next() < 0.95 ? 0 : randomInteger(random, LIMITS.renditions)) as RenditionId;
    const stripe = randomInteger(random, STRIPE_COUNT);
    const aheadKib = randomInteger(random, 200);
    const holding = this.#pick(['none', 'incoming', 'complete'] as const);
    switch (randomInteger(random, 32)) {
      case 0:
      case 1:
      case 2:
        return { kind: 'subscribe', rendition, stripe };
      case 3:
      case 4:
        return { kind: 'unsubscribe', rendition, stripe };
      case 5:
      case 6:
      case 7:
        return { kind: 'offers', rendition, pathMs: Array.from({ length: STRIPE_COUNT }, () => this.#pick([0, 0, NO_OFFER, 1_999, 2_001, randomInteger(random, 400)])) };
      case 8:
      case 9:
      case 10:
      case 11:
        return { kind: 'header', signed: random.next() < 0.995 ? publish(near).signed : FORGED[near]!, holding, aheadKib };
      case 12:
      case 13:
        return { kind: this.#pick(['have', 'incoming'] as const), ...chunk, aheadKib };
      case 14:
      case 15:
      case 16:
      case 17:
        return this.#nextBlock(linkId, near);
      case 18:
      case 19:
        return { kind: 'request', ...chunk, firstBlock: randomInteger(random, 5), blockCount: 1 + randomInteger(random, 5), deadlineInMs: randomInteger(random, 2_000) };
      case 20:
        return { kind: 'cancel', ...chunk };
      case 21:
        return { kind: 'reject', ...chunk, reason: this.#pick(['notHeld', 'overLimit', 'notUploading', 'tooLate'] as const) };
      case 22:
        return { kind: 'queued', ...chunk, aheadBytes: randomInteger(random, 0xffff_ffff) };
      case 23:
      case 24:
        return { kind: 'peers', peers: Array.from({ length: 1 + randomInteger(random, LIMITS.peersPerMessage) }, () => this.#named()) };
      case 25:
      case 26:
        return { kind: 'relay', signal: { from: random.next() < 0.8 ? peerId(linkId) : this.#named().peerId, to: peerId(this.#pick([...this.#open])), connectionId: '0123456789abcdef', body: { kind: 'offer', ticket: 't', sdp: 'x'.repeat(randomInteger(random, 500)) } } };
      case 27:
        return { kind: this.#pick(['ping', 'pong'] as const), nonce: randomInteger(random, 5) };
      case 28:
        return { kind: 'status', status: { ...STATUS, uplinkKbps: this.#pick([0, 1, 0xffff_ffff, 8_000]), isUploading: random.next() < 0.8, renditions: this.#pick([0, 0, 1, 1, 2, 3, 0xffff]) } };
      case 29:
        return { kind: 'holdings', rendition, sequence: (isFar ? 8 * randomInteger(random, 1_000_000) : 8 * randomInteger(random, 5)) as ChunkSequence, bits: Uint8Array.from({ length: 1 + randomInteger(random, 8) }, () => randomInteger(random, 256)) };
      case 30:
        // Once more, from one who has said it.
        return { kind: 'hello', version: random.next() < 0.98 ? WIRE_VERSION : WIRE_VERSION + 1, status: { ...STATUS, renditions: this.#pick([0, 1, 2]) } };
      default:
        return random.next() < 0.1 ? { kind: 'bye', reason: this.#pick(['leaving', 'idle', 'badBlock'] as const) } : { kind: 'have', ...chunk, aheadKib };
    }
  }

  #named(): NamedPeer {
    return { peerId: peerId(1 + randomInteger(this.#random, this.#nextLinkId + 6)), role: 'viewer', uplinkKbps: 1_000, isUploading: true, isVisible: true };
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => randomInteger(this.#random, 256));
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[randomInteger(this.#random, items.length)]!;
  }
}

/** As a signature check would find, but quick: nobody else can sign these bytes. */
function isPublished(signed: SignedChunkHeader): boolean {
  const { sequence } = signed.header;
  return sequence < SEQUENCES && isEqualBytes(signed.bytes, publish(sequence).signed.bytes);
}

/** Short blocks recur by the thousand: their digests are looked up. */
function digestOf(bytes: Uint8Array): Uint8Array {
  const key = bytes.length < 2_000 ? Buffer.from(bytes).toString('latin1') : undefined;
  const known = key === undefined ? undefined : DIGESTS.get(key);
  if (known) return known;
  const digest = createHash('sha256').update(bytes).digest();
  if (key !== undefined && DIGESTS.size < 500) DIGESTS.set(key, digest);
  return digest;
}

import { createHash } from 'node:crypto';
import type { EngineCommand, EngineInput, LinkId } from '@p2ptv/peer/engine';
import {
  BLOCK_BYTES,
  encodeChunkHeader,
  SIGNATURE_BYTES,
  seededRandom,
  signedChunkHeader,
  WIRE_VERSION,
  type ChunkHeader,
  type ChunkSequence,
  type PeerId,
  type PeerRole,
  type PeerStatus,
  type RenditionId,
  type SignedChunkHeader,
  type StreamId,
  type WireMessage,
} from '@p2ptv/protocol';
import type { PeerAgent, Strategy } from '../../../src/sim/peer-agent.js';

const STREAM_ID = '11'.repeat(20) as StreamId;
const RENDITION = 0 as RenditionId;
const PART_MS = 200;
const BLOCKS = 3;

const SERVING: PeerStatus = { uplinkKbps: 10_000, queuedBytes: 0, isUploading: true, isVisible: true };
const published = new Map<number, SignedChunkHeader>();

export function peerId(index: number): PeerId {
  return index.toString(16).padStart(32, '0') as PeerId;
}

/** One block of a chunk: all alike but for the chunk's number in it. */
export function blockOf(sequence: number): Uint8Array {
  return new Uint8Array(BLOCK_BYTES).fill(sequence & 0xff);
}

export function ref(sequence: number): { rendition: RenditionId; sequence: ChunkSequence } {
  return { rendition: RENDITION, sequence: sequence as ChunkSequence };
}

/** Part n begins n × 200 ms after the epoch and has three blocks; the signature is none. */
export function publish(sequence: number): SignedChunkHeader {
  let signed = published.get(sequence);
  if (signed) return signed;
  const header: ChunkHeader = {
    streamId: STREAM_ID,
    epoch: 1,
    ...ref(sequence),
    mediaSequence: Math.floor(sequence / 10),
    partIndex: sequence % 10,
    isIndependent: sequence % 5 === 0,
    isSegmentLast: sequence % 10 === 9,
    durationUs: PART_MS * 1000,
    programDateTimeMs: sequence * PART_MS,
    byteLength: BLOCKS * BLOCK_BYTES,
    initHash: 'ab'.repeat(32),
    blockHashes: Array.from({ length: BLOCKS }, () => createHash('sha256').update(blockOf(sequence)).digest()),
  };
  signed = signedChunkHeader(header, encodeChunkHeader(header), new Uint8Array(SIGNATURE_BYTES));
  published.set(sequence, signed);
  return signed;
}

type MessageOf<Kind extends WireMessage['kind']> = Extract<WireMessage, { kind: Kind }>;
type CommandOf<Kind extends EngineCommand['kind']> = Extract<EngineCommand, { kind: Kind }>;

/** One agent by itself: what it is handed, and what it wanted; checks are answered at once. */
export class AgentRig {
  readonly agent: PeerAgent;
  readonly commands: EngineCommand[] = [];
  readonly buffered = new Map<LinkId, number>();
  nowMs = 0;
  #nextLinkId = 1;

  constructor(strategy: Strategy, options: { role?: PeerRole; peer?: number } = {}) {
    this.agent = strategy.createAgent(
      { streamId: STREAM_ID, role: options.role ?? 'viewer' },
      {
        peerId: peerId(options.peer ?? 0),
        random: seededRandom(1),
        bufferedBytes: (linkId) => this.buffered.get(linkId) ?? 0,
      },
    );
  }

  handle(input: EngineInput): void {
    this.agent.handle(this.nowMs, input);
    for (const command of this.agent.takeCommands()) {
      this.commands.push(command);
      if (command.kind === 'checkSignature') {
        this.handle({ kind: 'signatureChecked', checkId: command.checkId, isValid: true });
      } else if (command.kind === 'digestBlock') {
        const digest = createHash('sha256').update(command.bytes).digest();
        this.handle({ kind: 'blockDigested', digestId: command.digestId, digest });
      }
    }
  }

  /** Lets time pass, tick by tick as the agent wishes. */
  runFor(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const dueMs = Math.max(this.agent.dueMs(this.nowMs), this.nowMs + 1);
      if (!(dueMs <= endMs)) break;
      this.nowMs = dueMs;
      this.handle({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  /** The join answer, with headers up to a sequence; the playhead is at its first part, with much time left. */
  join(from: number, to: number = from): void {
    this.handle({ kind: 'playback', position: { playheadMs: from * PART_MS - 2_000, rate: 1 } });
    const headers: SignedChunkHeader[] = [];
    for (let sequence = from; sequence <= to; sequence++) headers.push(publish(sequence));
    this.handle({ kind: 'joined', rendition: RENDITION, headers });
  }

  /** Opens a link and lets the other side say HELLO. */
  link(who: { peer?: number; role?: PeerRole; status?: Partial<PeerStatus> } = {}): LinkId {
    const linkId = this.#nextLinkId++;
    this.handle({ kind: 'linkOpened', linkId, peerId: peerId(who.peer ?? 1_000 + linkId), role: who.role ?? 'viewer' });
    this.hear(linkId, { kind: 'hello', version: WIRE_VERSION, status: { ...SERVING, ...who.status } });
    return linkId;
  }

  hear(linkId: LinkId, message: WireMessage): void {
    this.handle({ kind: 'message', linkId, message });
  }

  /** A neighbour tells of a chunk. */
  tell(linkId: LinkId, sequence: number, holding: 'incoming' | 'complete' = 'complete'): void {
    this.hear(linkId, { kind: 'header', signed: publish(sequence), holding });
  }

  /** A neighbour sends all blocks of a chunk. */
  sendAll(linkId: LinkId, sequence: number): void {
    for (let index = 0; index < BLOCKS; index++) {
      this.hear(linkId, { kind: 'block', ...ref(sequence), index, bytes: blockOf(sequence) });
    }
  }

  /** The origin delivers a fetch. */
  deliver(fetch: CommandOf<'fetchChunk'>): void {
    const { fetchId, chunk, firstByte } = fetch;
    const bytes = new Uint8Array(fetch.byteLength - firstByte).fill(chunk.sequence & 0xff);
    this.handle({ kind: 'fetchBytes', fetchId, bytes });
    this.handle({ kind: 'fetchDone', fetchId });
  }

  all<Kind extends EngineCommand['kind']>(kind: Kind): CommandOf<Kind>[] {
    return this.commands.filter((command): command is CommandOf<Kind> => command.kind === kind);
  }

  /** Messages of a kind that were sent, to one link or to all. */
  sent<Kind extends WireMessage['kind']>(kind: Kind, linkId?: LinkId): MessageOf<Kind>[] {
    return this.all('send')
      .filter((command) => linkId === undefined || command.linkId === linkId)
      .map(({ message }) => message)
      .filter((message): message is MessageOf<Kind> => message.kind === kind);
  }

  /** Sequences of chunks asked of neighbours, of chunks fetched, and of parts that may be played. */
  get asked(): number[] {
    return this.sent('request').map(({ sequence }) => sequence);
  }

  get fetched(): number[] {
    return this.all('fetchChunk').map(({ chunk }) => chunk.sequence);
  }

  get playable(): number[] {
    return this.all('event').flatMap(({ event }) => (event.name === 'partReady' ? [event.header.sequence] : []));
  }
}

import { createHash } from 'node:crypto';
import {
  encodedMessageBytes,
  seededRandom,
  WIRE_VERSION,
  type ChunkRef,
  type ChunkSequence,
  type PeerId,
  type PeerRole,
  type PeerStatus,
  type WireMessage,
} from '@p2ptv/protocol';
import type { EngineCommand, EngineEvent, EngineInput, LinkId } from '../../src/engine/engine-io.js';
import { resolveEngineOptions, type PartialEngineOptions } from '../../src/engine/engine-options.js';
import { PeerEngine } from '../../src/engine/peer-engine.js';
import { blockOf, isSignedByPublisher, publish, RENDITION, STREAM_ID, type Published } from './published-stream.js';

export type CommandOf<Kind extends EngineCommand['kind']> = Extract<EngineCommand, { kind: Kind }>;
export type MessageOf<Kind extends WireMessage['kind']> = Extract<WireMessage, { kind: Kind }>;

const SERVING: PeerStatus = { uplinkKbps: 10_000, queuedBytes: 0, isUploading: true, isVisible: true };

/** A peer id that tests can tell apart. */
export function peerId(number: number): PeerId {
  return number.toString(16).padStart(32, '0') as PeerId;
}

/** Names the chunk of a sequence. */
export function ref(sequence: number): ChunkRef {
  return { rendition: RENDITION, sequence: sequence as ChunkSequence };
}

/**
 * One engine under the hand of a test: time passes when the test says so, every command is kept,
 * and, unless the test wants to, signatures and digests are answered at once and correctly.
 */
export class EngineRig {
  readonly engine: PeerEngine;
  readonly commands: EngineCommand[] = [];
  readonly buffered = new Map<LinkId, number>();
  /** Links on which nothing leaves until {@link drain}; on the others everything does at once. */
  readonly stuck = new Set<LinkId>();
  /** Every frame that was sent. */
  readonly frames: { readonly atMs: number; readonly bytes: number; readonly linkId: LinkId }[] = [];
  nowMs = 1_000;
  /** False: checks and digests wait for {@link answerChecks}. */
  answersAtOnce = true;
  readonly #unanswered: EngineCommand[] = [];
  #nextLinkId = 1;

  constructor(options: { role?: PeerRole; isOnDemand?: boolean; engine?: PartialEngineOptions; seed?: number } = {}) {
    this.engine = new PeerEngine(
      { streamId: STREAM_ID, role: options.role ?? 'viewer', isOnDemand: options.isOnDemand ?? false },
      resolveEngineOptions(options.engine),
      {
        random: seededRandom(options.seed ?? 1),
        bufferedBytes: (linkId) => this.buffered.get(linkId) ?? 0,
      },
    );
  }

  /** Hands over an input; returns all commands that it caused. */
  handle(input: EngineInput): EngineCommand[] {
    this.engine.handle(this.nowMs, input);
    const commands = this.engine.takeCommands();
    this.commands.push(...commands);
    const drained = new Set<LinkId>();
    for (const command of commands) {
      if (command.kind !== 'send') continue;
      const { linkId, message } = command;
      const bytes = encodedMessageBytes(message);
      this.frames.push({ atMs: this.nowMs, bytes, linkId });
      if (this.stuck.has(linkId)) this.buffered.set(linkId, (this.buffered.get(linkId) ?? 0) + bytes);
      else if (message.kind === 'block') drained.add(linkId);
    }
    this.#unanswered.push(...commands.filter(({ kind }) => kind === 'checkSignature' || kind === 'digestBlock'));
    if (this.answersAtOnce) commands.push(...this.answerChecks());
    for (const linkId of drained) commands.push(...this.handle({ kind: 'linkDrained', linkId }));
    return commands;
  }

  /** All that waited on a stuck link leaves; it stays stuck for what follows. */
  drain(linkId: LinkId): void {
    this.buffered.delete(linkId);
    this.handle({ kind: 'linkDrained', linkId });
  }

  /** Answers what waits for a signature check or a digest. */
  answerChecks(): EngineCommand[] {
    const commands: EngineCommand[] = [];
    for (let check = this.#unanswered.shift(); check; check = this.#unanswered.shift()) {
      if (check.kind === 'checkSignature') {
        const isValid = isSignedByPublisher(check.signed);
        commands.push(...this.handle({ kind: 'signatureChecked', checkId: check.checkId, isValid }));
      } else if (check.kind === 'digestBlock') {
        const digest = createHash('sha256').update(check.bytes).digest();
        commands.push(...this.handle({ kind: 'blockDigested', digestId: check.digestId, digest }));
      }
    }
    return commands;
  }

  /** Lets time pass, tick by tick as the engine wishes; returns the number of ticks. */
  runFor(ms: number): number {
    const endMs = this.nowMs + ms;
    let ticks = 0;
    for (;;) {
      const dueMs = Math.max(this.engine.dueMs, this.nowMs + 1);
      if (!(dueMs <= endMs)) break;
      this.nowMs = dueMs;
      this.handle({ kind: 'tick' });
      ticks++;
    }
    this.nowMs = endMs;
    return ticks;
  }

  /** Opens a link and lets the other side say HELLO. */
  link(who: { peer?: number; role?: PeerRole; status?: Partial<PeerStatus> | null } = {}): LinkId {
    const linkId = this.#nextLinkId++;
    this.handle({ kind: 'linkOpened', linkId, peerId: peerId(who.peer ?? linkId), role: who.role ?? 'viewer' });
    if (who.status !== null) {
      this.hear(linkId, { kind: 'hello', version: WIRE_VERSION, status: { ...SERVING, ...who.status } });
    }
    return linkId;
  }

  /** A message comes. */
  hear(linkId: LinkId, message: WireMessage): EngineCommand[] {
    return this.handle({ kind: 'message', linkId, message });
  }

  /** A neighbour tells of a chunk and has all of it, or some. */
  tell(linkId: LinkId, sequence: number, holding: 'none' | 'incoming' | 'complete' = 'complete'): EngineCommand[] {
    return this.hear(linkId, { kind: 'header', signed: publish(sequence).signed, holding });
  }

  /** A neighbour sends a block. */
  send(linkId: LinkId, sequence: number, index: number): EngineCommand[] {
    return this.hear(linkId, { kind: 'block', ...ref(sequence), index, bytes: blockOf(publish(sequence), index) });
  }

  /** A neighbour sends all blocks of a chunk. */
  sendAll(linkId: LinkId, sequence: number): void {
    for (let index = 0; index < publish(sequence).signed.header.blockHashes.length; index++) {
      this.send(linkId, sequence, index);
    }
  }

  /** The origin's join answer. */
  join(from: number, to: number = from, origin: { readonly isUplinkTaken?: boolean; readonly delayMs?: number } = {}): EngineCommand[] {
    const headers: Published['signed'][] = [];
    for (let sequence = from; sequence <= to; sequence++) headers.push(publish(sequence).signed);
    return this.handle({ kind: 'joined', rendition: RENDITION, headers, ...origin });
  }

  /** The origin delivers a fetch that the engine has asked for. */
  deliver(fetch: CommandOf<'fetchChunk'>): void {
    const { sequence } = fetch.chunk;
    this.handle({ kind: 'fetchBytes', fetchId: fetch.fetchId, bytes: publish(sequence).bytes.slice(fetch.firstByte) });
    this.handle({ kind: 'fetchDone', fetchId: fetch.fetchId });
  }

  /** A viewer that has joined and holds these chunks, from the origin. */
  hold(from: number, to: number): void {
    this.join(from, to);
    // The array grows while fetches that waited for a place are begun.
    for (let index = 0; index < this.all('fetchChunk').length; index++) this.deliver(this.all('fetchChunk')[index]!);
  }

  /** All commands of a kind so far. */
  all<Kind extends EngineCommand['kind']>(kind: Kind): CommandOf<Kind>[] {
    return this.commands.filter((command): command is CommandOf<Kind> => command.kind === kind);
  }

  /** All messages of a kind that were sent, to one link or to all. */
  sent<Kind extends WireMessage['kind']>(kind: Kind, linkId?: LinkId): MessageOf<Kind>[] {
    return this.all('send')
      .filter((command) => linkId === undefined || command.linkId === linkId)
      .map(({ message }) => message)
      .filter((message): message is MessageOf<Kind> => message.kind === kind);
  }

  /** All events of a name so far. */
  events<Name extends EngineEvent['name']>(name: Name): Extract<EngineEvent, { name: Name }>[] {
    return this.all('event')
      .map(({ event }) => event)
      .filter((event): event is Extract<EngineEvent, { name: Name }> => event.name === name);
  }

  /** Sequences of the parts that may be played, in order. */
  get playable(): number[] {
    return this.engine
      .timeline(RENDITION)
      .segments.flatMap(({ parts }) => parts)
      .map(({ sequence }) => sequence);
  }

  /** Links that the engine has closed. */
  get closed(): LinkId[] {
    return this.all('closeLink').map(({ linkId }) => linkId);
  }

  /** Forgets the commands so far. */
  clear(): void {
    this.commands.length = 0;
  }
}

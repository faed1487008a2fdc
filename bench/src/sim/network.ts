import { decodeMessage, encodedMessageBytes, encodeMessage, LIMITS, type Random, type WireMessage } from '@p2ptv/protocol';
import { Happening, SimEvent, type EventQueue } from './event-queue.js';
import { SimulationError } from './simulation-error.js';
import { Delivery, type DeliveryCarrier, type LinkEnd } from './sim-link.js';
import type { TraceHash } from './trace-hash.js';

/** See peer/src/ports/link.ts: a link tells when its buffer falls to this from above. */
const LOW_WATER_BYTES = 32 * 1024;
/** A window of this size limits no stream any more; without loss it is counted no further. */
const OPEN_WINDOW_BYTES = 256 * 1024;
/** Smaller messages take up uplink time, but neither window nor buffer: they hardly count there, and they are many. */
const SMALL_BYTES = 1_024;
const PACKET_BYTES = 1_200;
/** Packets behind a lost one that make the sender repeat it without a timeout (RFC 9260). */
const FAST_RETRANSMIT_PACKETS = 3;
const RETRANSMISSION_TIMEOUT_MS = 400;
const LEAST_WINDOW_BYTES = 4 * PACKET_BYTES;

/** How the network treats messages. */
export type NetworkOptions = {
  /** Share of packets that are lost. */
  readonly lossRatio: number;
  /** A lost packet halves the window, as if it told of congestion. */
  readonly isLossCongestion: boolean;
  /** Every message is really encoded and decoded, and its length checked. */
  readonly isCodecRun: boolean;
  /** Undefined: no host's downlink is ever slowed down, and nobody need look at how full another's is. */
  readonly slowDownlinks: object | undefined;
};

/** Application bytes on links so far; what was sent is received, dropped or still under way. */
export type LinkBytes = { sent: number; received: number; dropped: number };

/**
 * Carries messages between hosts: serial uplink, delay, serial downlink, in order on each link;
 * SCTP's slow start on links that are cold, and its repetitions where packets are lost.
 */
export class Network implements DeliveryCarrier {
  readonly bytes: LinkBytes = { sent: 0, received: 0, dropped: 0 };
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #trace: TraceHash;
  readonly #lossRatio: number;
  readonly #isLossCongestion: boolean;
  readonly #isCodecRun: boolean;
  readonly #areDownlinksSlowed: boolean;
  readonly #deliveries: Delivery[] = [];
  readonly #departures: Departure[] = [];
  readonly #waitingForRoom = new Set<LinkEnd>();

  constructor(options: NetworkOptions, ports: { queue: EventQueue; random: Random; trace: TraceHash }) {
    this.#queue = ports.queue;
    this.#random = ports.random;
    this.#trace = ports.trace;
    this.#lossRatio = options.lossRatio;
    this.#isLossCongestion = options.isLossCongestion;
    this.#isCodecRun = options.isCodecRun;
    this.#areDownlinksSlowed = options.slowDownlinks !== undefined;
  }

  /** Application bytes handed over that have neither arrived nor come to nothing. */
  bytesUnderWay = 0;

  /**
   * Sends a message; returns its encoded length.
   *
   * @throws SimulationError for a message that a real link would refuse
   */
  send(from: LinkEnd, message: WireMessage): number {
    const bytes = encodedMessageBytes(message);
    if (bytes > LIMITS.frameBytes) {
      throw new SimulationError(`A ${message.kind} of ${bytes} bytes was sent: no link takes more than ${LIMITS.frameBytes}.`);
    }
    this.bytes.sent += bytes;
    this.bytesUnderWay += bytes;
    const carried = this.#isCodecRun ? recoded(message, bytes) : message;
    this.#handOver(from, this.#delivery(from, carried, bytes));
    return bytes;
  }

  /** Counts bytes as buffered that their host keeps back itself. */
  hold(end: LinkEnd, bytes: number): void {
    end.bufferedBytes += bytes;
    if (end.bufferedBytes > LOW_WATER_BYTES) end.isAboveLowWater = true;
  }

  /** They are handed over now, or dropped. */
  unhold(end: LinkEnd, bytes: number): void {
    end.bufferedBytes -= bytes;
  }

  /** Closes a link from one end: what was sent before still arrives, nothing more is heard. */
  close(end: LinkEnd): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    this.#handOver(end, this.#delivery(end, undefined, 0));
  }

  /** Breaks a link without a word; the other end notices after `noticeMs`. */
  break(end: LinkEnd, noticeMs: number): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    for (const { bytes } of end.waiting ?? []) {
      this.bytes.dropped += bytes;
      this.bytesUnderWay -= bytes;
    }
    end.waiting = undefined;
    this.#queue.schedule(new BrokenLink(end.other), this.#queue.nowMs + noticeMs);
  }

  /** A message has crossed the wire, or the receiver's downlink. */
  arrived(delivery: Delivery): void {
    const { to: end, message, bytes } = delivery;
    if (!end) return;
    if (!delivery.isReceived && bytes > 0) {
      delivery.isReceived = true;
      const receivedMs = end.host.line.receive(delivery.atMs, bytes);
      if (receivedMs > delivery.atMs) {
        this.#queue.schedule(delivery, receivedMs);
        return;
      }
    }
    this.#recycle(delivery);
    this.bytesUnderWay -= bytes;
    if (!end.isOpen || !end.host.isUp) {
      this.bytes.dropped += bytes;
      return;
    }
    if (message) {
      this.bytes.received += bytes;
      this.#trace.note(this.#queue.nowMs, end.host.index * 0x8000 + end.otherIndex, whatIs(message, bytes));
      end.host.messageCame(end, message);
    } else {
      end.isOpen = false;
      end.host.linkEnded(end);
    }
  }

  /** A message has left its sender. */
  departed(from: LinkEnd, bytes: number): void {
    from.bufferedBytes -= bytes;
    if (!from.isAboveLowWater || from.bufferedBytes > LOW_WATER_BYTES) return;
    from.isAboveLowWater = false;
    if (from.isOpen && from.host.isUp) from.host.linkDrained(from);
  }

  /** A round trip has passed since a large message left over a cold link. */
  acknowledged(from: LinkEnd, bytes: number): void {
    from.inFlightBytes -= bytes;
    const { waiting } = from;
    if (waiting && waiting.length > 0) {
      // Limited by the window: half of what is acknowledged is added, ×1.5 a round trip.
      from.windowBytes +=
        from.windowBytes < from.slowFromBytes ? bytes / 2 : (PACKET_BYTES * bytes) / from.windowBytes;
    }
    this.#pump(from);
  }

  #handOver(from: LinkEnd, delivery: Delivery): void {
    const { bytes } = delivery;
    if (bytes >= SMALL_BYTES) from.bufferedBytes += bytes;
    if (from.bufferedBytes > LOW_WATER_BYTES) from.isAboveLowWater = true;
    const isHeld = from.waiting !== undefined && from.waiting.length > 0;
    if (!isHeld && this.#mayLeave(from, bytes)) this.#transmit(from, delivery);
    else (from.waiting ??= []).push(delivery);
  }

  #pump(from: LinkEnd): void {
    const { waiting } = from;
    while (waiting && waiting.length > 0 && this.#mayLeave(from, (waiting[0] as Delivery).bytes)) {
      this.#transmit(from, waiting.shift() as Delivery);
    }
    // An emptied list keeps its room, and most links wait only in their first second.
    if (waiting?.length === 0) from.waiting = undefined;
  }

  #mayLeave(from: LinkEnd, bytes: number): boolean {
    return this.#fits(from, bytes) && this.#hasRoom(from, bytes);
  }

  /** Before a full downlink messages wait with their senders, who get their turns by time. */
  #hasRoom(from: LinkEnd, bytes: number): boolean {
    if (bytes < SMALL_BYTES || !this.#areDownlinksSlowed) return true;
    const { nowMs } = this.#queue;
    const roomAtMs = from.other.host.line.roomAtMs(nowMs);
    if (roomAtMs <= nowMs) return true;
    if (!this.#waitingForRoom.has(from)) {
      this.#waitingForRoom.add(from);
      this.#queue.schedule(
        new Happening(() => {
          this.#waitingForRoom.delete(from);
          this.#pump(from);
        }, from.host.index),
        roomAtMs,
      );
    }
    return false;
  }

  #fits(from: LinkEnd, bytes: number): boolean {
    if (this.#isUncounted(from, bytes) || from.inFlightBytes === 0) return true;
    return from.inFlightBytes + bytes <= from.windowBytes;
  }

  #isUncounted(from: LinkEnd, bytes: number): boolean {
    return bytes < SMALL_BYTES || (!this.#isLossCongestion && from.windowBytes >= OPEN_WINDOW_BYTES);
  }

  #transmit(from: LinkEnd, delivery: Delivery): void {
    const { nowMs } = this.#queue;
    const { bytes } = delivery;
    if (this.#areDownlinksSlowed) from.other.host.line.promise(nowMs, bytes);
    const departsMs = bytes === 0 ? Math.max(nowMs, from.host.line.uplinkFreeAtMs) : from.host.line.send(nowMs, bytes);
    if (bytes >= SMALL_BYTES) this.#departure(from, { bytes, atMs: departsMs, isAcknowledgement: false });
    if (!this.#isUncounted(from, bytes)) {
      from.inFlightBytes += bytes;
      this.#departure(from, { bytes, atMs: departsMs + 2 * from.delayMs, isAcknowledgement: true });
    }
    const loss = this.#lossRatio > 0 && bytes > 0 ? this.#lose(from, bytes) : 'none';
    const repeatedMs = loss === 'fast' ? 2 * from.delayMs : 0;
    from.lastArrivalMs = Math.max(from.lastArrivalMs, departsMs + from.delayMs + repeatedMs);
    if (from.heldBack || loss === 'tail') this.#holdBack(from, delivery, departsMs);
    else this.#queue.schedule(delivery, from.lastArrivalMs);
  }

  /**
   * What is lost of a message. `fast`: packets follow, so that the sender learns of it within a round trip; `tail`:
   * nothing follows yet.
   */
  #lose(from: LinkEnd, bytes: number): 'none' | 'fast' | 'tail' {
    const packets = Math.ceil(bytes / PACKET_BYTES);
    let loss: 'none' | 'fast' | 'tail' = 'none';
    for (let packet = 0; packet < packets; packet++) {
      if (this.#random.next() >= this.#lossRatio) continue;
      const buffered = Math.max(0, from.bufferedBytes - bytes) / PACKET_BYTES;
      const behind = packets - packet - 1 + buffered;
      loss = behind >= FAST_RETRANSMIT_PACKETS ? 'fast' : 'tail';
      if (!this.#isLossCongestion) continue;
      from.slowFromBytes = Math.max(from.windowBytes / 2, LEAST_WINDOW_BYTES);
      from.windowBytes = from.slowFromBytes;
    }
    return loss;
  }

  /** Keeps a message until the packet lost before it, or of it, has been repeated. */
  #holdBack(from: LinkEnd, delivery: Delivery, departsMs: number): void {
    const arrivesMs = from.lastArrivalMs;
    const held = from.heldBack;
    if (!held) {
      const timeoutMs = Math.max(RETRANSMISSION_TIMEOUT_MS, 4 * from.delayMs);
      const releaseAtMs = departsMs + timeoutMs + from.delayMs;
      from.heldBack = { waiting: [{ delivery, atMs: arrivesMs }], releaseAtMs, packetsBehind: 0 };
      this.#queue.schedule(new Happening(() => this.#release(from), from.otherIndex), releaseAtMs);
      return;
    }
    held.waiting.push({ delivery, atMs: arrivesMs });
    held.packetsBehind += Math.ceil(delivery.bytes / PACKET_BYTES);
    // The receiver's acknowledgements tell, and the packet is sent again.
    const soonerMs = departsMs + 3 * from.delayMs;
    if (held.packetsBehind < FAST_RETRANSMIT_PACKETS || soonerMs >= held.releaseAtMs) return;
    held.releaseAtMs = soonerMs;
    this.#queue.schedule(new Happening(() => this.#release(from), from.otherIndex), soonerMs);
  }

  #release(from: LinkEnd): void {
    const held = from.heldBack;
    const { nowMs } = this.#queue;
    if (!held || nowMs < held.releaseAtMs) return;
    from.heldBack = undefined;
    for (const { delivery, atMs } of held.waiting) {
      from.lastArrivalMs = Math.max(nowMs, atMs);
      this.#queue.schedule(delivery, from.lastArrivalMs);
    }
  }

  #delivery(from: LinkEnd, message: WireMessage | undefined, bytes: number): Delivery {
    const delivery = this.#deliveries.pop() ?? new Delivery(this);
    delivery.to = from.other;
    delivery.peerIndex = from.otherIndex;
    delivery.message = message;
    delivery.bytes = bytes;
    delivery.isReceived = false;
    return delivery;
  }

  #recycle(delivery: Delivery): void {
    delivery.to = undefined;
    delivery.message = undefined;
    this.#deliveries.push(delivery);
  }

  #departure(from: LinkEnd, what: { bytes: number; atMs: number; isAcknowledgement: boolean }): void {
    const departure = this.#departures.pop() ?? new Departure(this, this.#departures);
    departure.from = from;
    departure.peerIndex = from.host.index;
    departure.bytes = what.bytes;
    departure.isAcknowledgement = what.isAcknowledgement;
    this.#queue.schedule(departure, what.atMs);
  }
}

/** A message has left its sender, or is acknowledged. */
class Departure extends SimEvent {
  readonly #network: Network;
  readonly #pool: Departure[];
  from: LinkEnd | undefined;
  bytes = 0;
  isAcknowledgement = false;

  constructor(network: Network, pool: Departure[]) {
    super();
    this.#network = network;
    this.#pool = pool;
  }

  override run(): void {
    const { from, bytes } = this;
    this.from = undefined;
    this.#pool.push(this);
    if (!from) return;
    if (this.isAcknowledgement) this.#network.acknowledged(from, bytes);
    else this.#network.departed(from, bytes);
  }
}

class BrokenLink extends SimEvent {
  constructor(readonly end: LinkEnd) {
    super();
    this.peerIndex = end.host.index;
  }

  override run(): void {
    const { end } = this;
    if (!end.isOpen || !end.host.isUp) return;
    end.isOpen = false;
    end.host.linkEnded(end);
  }
}

/** @throws SimulationError when the codec does not give back what it was given */
function recoded(message: WireMessage, bytes: number): WireMessage {
  const frame = encodeMessage(message);
  const decoded = decodeMessage(frame);
  if (frame.length !== bytes || decoded.kind === 'malformed' || decoded.kind === 'unknown') {
    throw new SimulationError(`A ${message.kind} of ${bytes} bytes became ${frame.length} bytes that are read as ${decoded.kind}.`);
  }
  return decoded;
}

/** A number for the trace: what kind of message, and how long. */
function whatIs({ kind }: WireMessage, bytes: number): number {
  return bytes ^ (kind.charCodeAt(0) << 24) ^ (kind.length << 16);
}

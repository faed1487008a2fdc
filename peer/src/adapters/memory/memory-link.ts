import { LIMITS, type PeerId, type Random } from '@p2ptv/protocol';
import type { Link, LinkEnd, LinkListener, RemotePeer } from '../../ports/link.js';
import { isDrain, LinkInbox } from '../link-inbox.js';
import type { VirtualTime } from '../virtual/virtual-time.js';
import { Downlink, Uplink, type LineSender } from './transmission-line.js';

/** One end of a memory link: who is there, and the lines that all its links share. */
export type MemoryEnd = { readonly peer: RemotePeer; readonly uplink: Uplink; readonly downlink: Downlink };

/** The way between two ends. */
export type MemoryPath = {
  /** ms from one machine to the other. */
  readonly oneWayDelayMs: number;
  /** Up to so many ms more for each frame, drawn from `random`; frames of a link never overtake. */
  readonly jitterMs?: number;
  readonly random?: Random;
};

/** Options of {@link createMemoryLinkPair}; rates in bits a second, Infinity unless given. */
export type MemoryLinkPairOptions = MemoryPath & {
  readonly time: VirtualTime;
  readonly left?: { readonly uplinkBitsPerSecond?: number; readonly downlinkBitsPerSecond?: number };
  readonly right?: { readonly uplinkBitsPerSecond?: number; readonly downlinkBitsPerSecond?: number };
};

/** A frame on its way, or the mark that the sender closed behind it. */
type Parcel = Uint8Array<ArrayBuffer> | 'close';

/** One side of a link between two peers in virtual time. */
export class MemoryLink implements Link, LineSender {
  readonly remote: RemotePeer;
  readonly #time: VirtualTime;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #path: MemoryPath;
  readonly #inbox: LinkInbox;
  readonly #queue: Parcel[] = [];
  /** Set when the pair is made; each side is nothing without the other. */
  #other: MemoryLink | undefined;
  #bufferedBytes = 0;
  #lastArrivalMs = 0;
  #isGone = false;

  private constructor(time: VirtualTime, ends: { own: MemoryEnd; other: MemoryEnd }, path: MemoryPath) {
    this.remote = ends.other.peer;
    this.#time = time;
    this.#uplink = ends.own.uplink;
    this.#downlink = ends.own.downlink;
    this.#path = path;
    this.#inbox = new LinkInbox((run) => time.schedule(time.nowMs(), run));
  }

  /** Links two ends; the first result is the left end's side. */
  static pair(
    time: VirtualTime,
    ends: { readonly left: MemoryEnd; readonly right: MemoryEnd },
    path: MemoryPath,
  ): [MemoryLink, MemoryLink] {
    const left = new MemoryLink(time, { own: ends.left, other: ends.right }, path);
    const right = new MemoryLink(time, { own: ends.right, other: ends.left }, path);
    left.#other = right;
    right.#other = left;
    return [left, right];
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get nextBytes(): number | undefined {
    const parcel = this.#queue[0];
    if (parcel === undefined) return undefined;
    return parcel === 'close' ? 0 : parcel.length;
  }

  /** True once this side knows that the link is over. */
  get hasEnded(): boolean {
    return this.#inbox.hasEnded;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (frame.length === 0 || frame.length > LIMITS.frameBytes) {
      throw new RangeError(`a frame has 1 to ${LIMITS.frameBytes} bytes, not ${frame.length}`);
    }
    if (this.hasEnded || this.#isGone) return;
    this.#bufferedBytes += frame.length;
    this.#queue.push(frame);
    this.#uplink.request(this);
  }

  close(): void {
    if (this.hasEnded || this.#isGone) return;
    this.#inbox.end('local');
    this.#queue.push('close');
    this.#uplink.request(this);
  }

  listen(listener: LinkListener): void {
    this.#inbox.listen(listener);
  }

  /**
   * The peer of this side vanishes without a word: nothing more leaves it or reaches it, and the
   * other side finds out after so many milliseconds.
   */
  vanish(detectionMs: number): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#queue.length = 0;
    this.#bufferedBytes = 0;
    const other = this.#other;
    this.#time.schedule(this.#time.nowMs() + detectionMs, () => {
      if (other) other.#end('remote');
    });
  }

  sent(durationMs: number): void {
    const parcel = this.#queue.shift();
    if (parcel === undefined) return;
    if (parcel !== 'close') {
      const beforeBytes = this.#bufferedBytes;
      this.#bufferedBytes -= parcel.length;
      if (isDrain(beforeBytes, this.#bufferedBytes)) this.#inbox.drained();
    }
    const { oneWayDelayMs, jitterMs = 0, random } = this.#path;
    const delayMs = oneWayDelayMs + (random ? random.next() * jitterMs : 0);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#time.nowMs() + delayMs);
    const other = this.#other;
    this.#time.schedule(this.#lastArrivalMs, () => {
      if (other) other.#arrive(parcel, durationMs);
    });
  }

  #arrive(parcel: Parcel, spreadMs: number): void {
    const bytes = parcel === 'close' ? 0 : parcel.length;
    this.#downlink.pass({ bytes, spreadMs }, () => {
      if (this.#isGone) return;
      if (parcel === 'close') this.#end('remote');
      else this.#inbox.frame(parcel);
    });
  }

  #end(end: LinkEnd): void {
    if (this.#isGone) return;
    this.#inbox.end(end);
    this.#queue.length = 0;
    this.#bufferedBytes = 0;
  }
}

/** A link between two viewers that have no other; for whole swarms see `MemoryNetwork`. */
export function createMemoryLinkPair(options: MemoryLinkPairOptions): [MemoryLink, MemoryLink] {
  const { time } = options;
  const end = (digit: string, rates: MemoryLinkPairOptions['left']): MemoryEnd => ({
    peer: { peerId: digit.repeat(32) as PeerId, role: 'viewer' },
    uplink: new Uplink(time, rates?.uplinkBitsPerSecond ?? Infinity),
    downlink: new Downlink(time, rates?.downlinkBitsPerSecond ?? Infinity),
  });
  return MemoryLink.pair(time, { left: end('a', options.left), right: end('b', options.right) }, options);
}

import { LIMITS } from '@p2ptv/protocol';
import { LINK_LOW_WATER_BYTES, type Link, type LinkListener, type RemotePeer } from '../../ports/link.js';
import type { Uplink } from '../../ports/uplink.js';

type Turn = { withdraw: () => void };

const NOTHING = (): void => undefined;

/**
 * A link whose frames wait for their turn on a shared uplink. What waits counts as buffered, so
 * whoever sends chooses what comes next as late as over a slow line.
 */
export class PacedLink implements Link {
  readonly remote: RemotePeer;
  readonly #link: Link;
  readonly #uplink: Uplink;
  readonly #waiting = new Set<Turn>();
  #waitingBytes = 0;
  #listener: LinkListener | undefined;
  #isAboveLowWater = false;
  #state: 'open' | 'closing' | 'ended' = 'open';

  constructor(link: Link, uplink: Uplink) {
    this.remote = link.remote;
    this.#link = link;
    this.#uplink = uplink;
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + this.#link.bufferedBytes;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (frame.length === 0 || frame.length > LIMITS.frameBytes) {
      throw new RangeError(`A frame has 1 to ${LIMITS.frameBytes} bytes, not ${frame.length}.`);
    }
    if (this.#state !== 'open') return;
    const turn: Turn = { withdraw: NOTHING };
    this.#waiting.add(turn);
    this.#waitingBytes += frame.length;
    // The uplink may grant at once, from within the call; nobody is told of a drain then.
    const call = { isOver: false };
    turn.withdraw = this.#uplink.ask(frame.length, () => {
      this.#waiting.delete(turn);
      this.#waitingBytes -= frame.length;
      this.#link.send(frame);
      if (call.isOver) this.#sent();
    });
    call.isOver = true;
    this.#isAboveLowWater ||= this.bufferedBytes > LINK_LOW_WATER_BYTES;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (this.#waiting.size === 0) this.#link.close();
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.#link.listen({
      frame: (bytes) => listener.frame(bytes),
      drained: () => this.#checkDrained(),
      ended: (end) => {
        this.#state = 'ended';
        for (const { withdraw } of this.#waiting) withdraw();
        this.#waiting.clear();
        this.#waitingBytes = 0;
        listener.ended(end);
      },
    });
  }

  #sent(): void {
    this.#checkDrained();
    if (this.#state === 'closing' && this.#waiting.size === 0) this.#link.close();
  }

  #checkDrained(): void {
    if (!this.#isAboveLowWater || this.bufferedBytes > LINK_LOW_WATER_BYTES) return;
    this.#isAboveLowWater = false;
    if (this.#state === 'open') this.#listener?.drained();
  }
}

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { seededRandom } from '@p2ptv/protocol';

/** What a line does to packets. */
export type LossyLine = {
  /** Of the packets towards the origin, each for itself. */
  readonly lossRatio: number;
  /** One way, both ways, ms. */
  readonly delayMs: number;
};

const SEED = 11;

/** Stands between one client and the UDP port of an origin on this machine, and loses packets that go there. */
export class LossyRelay {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #timers = new Set<NodeJS.Timeout>();
  #client: { readonly address: string; readonly port: number } | undefined;
  /** Packets towards the origin, and those of them that were lost. */
  sent = 0;
  lost = 0;

  private constructor(near: Socket, far: Socket) {
    this.#near = near;
    this.#far = far;
  }

  /** @param originPort on loopback */
  static async open(originPort: number, { lossRatio, delayMs }: LossyLine): Promise<LossyRelay> {
    // Clients reach it by whichever address of this machine they like.
    const near = createSocket('udp4').bind(0, '0.0.0.0');
    const far = createSocket('udp4').bind(0, '127.0.0.1');
    await Promise.all([once(near, 'listening'), once(far, 'listening')]);
    const relay = new LossyRelay(near, far);
    const random = seededRandom(SEED);
    near.on('message', (packet, from) => {
      relay.#client = from;
      relay.sent++;
      if (random.next() < lossRatio) relay.lost++;
      else relay.#later(delayMs, () => far.send(packet, originPort, '127.0.0.1'));
    });
    far.on('message', (packet) => {
      relay.#later(delayMs, () => {
        if (relay.#client) near.send(packet, relay.#client.port, relay.#client.address);
      });
    });
    return relay;
  }

  get port(): number {
    return this.#near.address().port;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#near.close();
    this.#far.close();
  }

  #later(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    this.#timers.add(timer);
  }
}

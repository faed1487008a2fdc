import { LIMITS, seededRandom, randomInteger } from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINK_LOW_WATER_BYTES, type Link, type LinkEnd } from '../../src/ports/link.js';

/** Two connected ends, and what the suite needs to drive them. */
export type LinkPair = {
  readonly left: Link;
  readonly right: Link;
  /** Lets time pass until the condition holds; fails when it never does. */
  until(condition: () => boolean): Promise<void>;
  /** Lets enough time pass for anything that is under way to arrive. */
  settle(): Promise<void>;
  /** Cuts the left end off without a word. Absent where a test cannot do that. */
  readonly vanishLeft?: () => void;
  close(): Promise<void>;
};

/** Everything that a link told its listener, in order. */
export class LinkRecorder {
  readonly frames: Uint8Array[] = [];
  readonly ends: LinkEnd[] = [];
  drainCount = 0;
  framesAfterEnd = 0;
  receivedBytes = 0;
  onDrained: () => void = () => {};
  #isInCall = false;
  callbackWithinCall = false;

  constructor(readonly link: Link) {}

  listen(): this {
    this.within(() => {
      this.link.listen({
        frame: (bytes) => {
          this.#note();
          if (this.ends.length > 0) this.framesAfterEnd++;
          this.frames.push(bytes);
          this.receivedBytes += bytes.length;
        },
        drained: () => {
          this.#note();
          this.drainCount++;
          this.onDrained();
        },
        ended: (end) => {
          this.#note();
          this.ends.push(end);
        },
      });
    });
    return this;
  }

  /** Runs a call into the link; a callback during it breaks the contract. */
  within(call: () => void): void {
    const before = this.#isInCall;
    this.#isInCall = true;
    call();
    this.#isInCall = before;
  }

  #note(): void {
    if (this.#isInCall) this.callbackWithinCall = true;
  }
}

/** A frame whose content depends on its number and length, so that any mix-up shows. */
function numberedFrame(number: number, length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(length);
  const random = seededRandom(number);
  for (let index = 0; index < length; index += 61) frame[index] = randomInteger(random, 256);
  frame[length - 1] = number & 0xff;
  return frame;
}

/** What every link must keep to (port `Link`), whatever carries it. */
export function describeLinkContract(name: string, connect: () => Promise<LinkPair>): void {
  describe(`link contract: ${name}`, () => {
    let pair: LinkPair;
    let left: LinkRecorder;
    let right: LinkRecorder;

    beforeEach(async () => {
      pair = await connect();
      left = new LinkRecorder(pair.left);
      right = new LinkRecorder(pair.right);
    });

    afterEach(async () => {
      await pair.close();
      expect(left.callbackWithinCall || right.callbackWithinCall, 'a callback from within a call').toBe(false);
    });

    it('delivers frames of 1 byte to the limit whole and in order', async () => {
      right.listen();
      const lengths = [1, 2, 3, 255, 256, 1199, 1200, 16_383, 16_384, 16_400, LIMITS.frameBytes - 1, LIMITS.frameBytes];
      const random = seededRandom(7);
      for (let index = 0; index < 60; index++) lengths.push(1 + randomInteger(random, LIMITS.frameBytes));
      lengths.forEach((length, number) => pair.left.send(numberedFrame(number, length)));
      await pair.until(() => right.frames.length === lengths.length);
      lengths.forEach((length, number) => {
        expect(Buffer.compare(right.frames[number]!, numberedFrame(number, length)), `frame ${number}`).toBe(0);
      });
    });

    it('gives each frame a buffer that is the listener’s own', async () => {
      right.listen();
      pair.left.send(numberedFrame(1, 500));
      pair.left.send(numberedFrame(2, 500));
      await pair.until(() => right.frames.length === 2);
      right.frames[0]!.fill(0);
      expect(Buffer.compare(right.frames[1]!, numberedFrame(2, 500))).toBe(0);
      expect(right.frames[0]!.buffer).not.toBe(right.frames[1]!.buffer);
    });

    it('carries 2 MB each way at once, and tells when it has drained', async () => {
      left.listen();
      right.listen();
      const frameCount = Math.ceil(2_000_000 / LIMITS.frameBytes);
      for (let number = 0; number < frameCount; number++) {
        left.within(() => pair.left.send(numberedFrame(number, LIMITS.frameBytes)));
        right.within(() => pair.right.send(numberedFrame(number, LIMITS.frameBytes)));
      }
      expect(pair.left.bufferedBytes).toBeGreaterThan(LINK_LOW_WATER_BYTES);
      let bufferedAtDrain = Infinity;
      left.onDrained = () => (bufferedAtDrain = pair.left.bufferedBytes);
      await pair.until(() => left.frames.length === frameCount && right.frames.length === frameCount);
      await pair.until(() => left.drainCount > 0 && right.drainCount > 0);
      expect(bufferedAtDrain).toBeLessThanOrEqual(LINK_LOW_WATER_BYTES);
      expect(pair.left.bufferedBytes).toBe(0);
      right.frames.forEach((frame, number) => {
        expect(Buffer.compare(frame, numberedFrame(number, LIMITS.frameBytes)), `frame ${number}`).toBe(0);
      });
    });

    it('goes on when the sender refills it at each drain', async () => {
      left.listen();
      right.listen();
      let sentCount = 0;
      const fill = (): void => {
        while (pair.left.bufferedBytes <= 4 * LINK_LOW_WATER_BYTES && sentCount < 100) {
          left.within(() => pair.left.send(numberedFrame(sentCount++, 16_384)));
        }
      };
      left.onDrained = fill;
      fill();
      await pair.until(() => {
        // A link fast enough never to rise above the mark has nothing to tell.
        if (pair.left.bufferedBytes <= LINK_LOW_WATER_BYTES) fill();
        return right.frames.length === 100;
      });
      expect(right.receivedBytes).toBe(100 * 16_384);
    });

    it('keeps what comes before anybody listens', async () => {
      for (let number = 0; number < 20; number++) pair.left.send(numberedFrame(number, 1000));
      await pair.settle();
      right.listen();
      expect(right.frames).toHaveLength(0);
      await pair.until(() => right.frames.length === 20);
      right.frames.forEach((frame, number) => expect(frame[999]).toBe(number));
    });

    it('keeps frames and the end for a late listener', async () => {
      pair.left.send(numberedFrame(5, 100));
      pair.left.close();
      await pair.settle();
      right.listen();
      await pair.until(() => right.ends.length > 0);
      expect(right.frames).toHaveLength(1);
      expect(right.ends).toEqual(['remote']);
    });

    it('ends once on each side when one closes, after delivering what was sent', async () => {
      left.listen();
      right.listen();
      for (let number = 0; number < 30; number++) pair.left.send(numberedFrame(number, LIMITS.frameBytes));
      left.within(() => {
        pair.left.close();
        pair.left.close();
      });
      await pair.until(() => left.ends.length > 0 && right.ends.length > 0);
      await pair.settle();
      expect(left.ends).toEqual(['local']);
      expect(right.ends).toEqual(['remote']);
      expect(right.frames).toHaveLength(30);
    });

    it('ends once on each side when both close at once', async () => {
      left.listen();
      right.listen();
      pair.left.close();
      pair.right.close();
      await pair.until(() => left.ends.length > 0 && right.ends.length > 0);
      await pair.settle();
      expect([...left.ends, ...right.ends]).toEqual(['local', 'local']);
    });

    it('delivers nothing after the end, and sends nothing', async () => {
      left.listen();
      right.listen();
      for (let number = 0; number < 50; number++) pair.right.send(numberedFrame(number, 4000));
      pair.left.close();
      left.within(() => pair.left.send(numberedFrame(99, 10)));
      await pair.until(() => left.ends.length > 0 && right.ends.length > 0);
      pair.left.send(numberedFrame(98, 10));
      pair.right.send(numberedFrame(97, 10));
      await pair.settle();
      expect(left.framesAfterEnd + right.framesAfterEnd).toBe(0);
      expect(right.frames).toHaveLength(0);
    });

    it('refuses empty frames and frames beyond the limit', () => {
      expect(() => pair.left.send(new Uint8Array(LIMITS.frameBytes + 1))).toThrow(RangeError);
      expect(() => pair.left.send(new Uint8Array(0))).toThrow(RangeError);
    });

    it('has one listener', () => {
      left.listen();
      expect(() => pair.left.listen({ frame() {}, drained() {}, ended() {} })).toThrow();
    });

    it('ends when the remote vanishes', async (context) => {
      if (!pair.vanishLeft) return context.skip('this link’s ends share a fate');
      right.listen();
      pair.vanishLeft();
      await pair.until(() => right.ends.length > 0);
      await pair.settle();
      expect(right.ends).toHaveLength(1);
      expect(right.ends[0]).not.toBe('local');
    });
  });
}

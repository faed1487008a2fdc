import { isEqualBytes, LIMITS, randomInteger, seededRandom } from '@p2ptv/protocol';
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

/** Fails the case. */
function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

function checkEqual(actual: unknown, expected: unknown, what: string): void {
  check(
    JSON.stringify(actual) === JSON.stringify(expected),
    `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`,
  );
}

function checkFrame(frame: Uint8Array | undefined, number: number, length: number): void {
  check(
    frame !== undefined && isEqualBytes(frame, numberedFrame(number, length)),
    `frame ${number} is not what was sent`,
  );
}

function checkThrows(call: () => void, what: string): void {
  try {
    call();
  } catch {
    return;
  }
  throw new Error(`${what} did not throw`);
}

/** One line of the contract. */
export type LinkContractCase = {
  readonly title: string;
  /** Runs only where a test can make an end vanish. */
  readonly needsVanishing?: boolean;
  run(pair: LinkPair, recorders: { left: LinkRecorder; right: LinkRecorder }): Promise<void>;
};

/**
 * What every link must keep to (port `Link`), whatever carries it. It names no test runner, so that
 * pages run it too.
 */
export const linkContract: readonly LinkContractCase[] = [
  {
    title: 'delivers frames of 1 byte to the limit whole and in order',
    run: async (pair, { right }) => {
      right.listen();
      const lengths = [1, 2, 3, 255, 256, 1199, 1200, 16_383, 16_384, 16_400, LIMITS.frameBytes - 1, LIMITS.frameBytes];
      const random = seededRandom(7);
      for (let index = 0; index < 60; index++) lengths.push(1 + randomInteger(random, LIMITS.frameBytes));
      lengths.forEach((length, number) => pair.left.send(numberedFrame(number, length)));
      await pair.until(() => right.frames.length === lengths.length);
      lengths.forEach((length, number) => {
        checkFrame(right.frames[number], number, length);
      });
    },
  },
  {
    title: 'gives each frame a buffer that is the listener’s own',
    run: async (pair, { right }) => {
      right.listen();
      pair.left.send(numberedFrame(1, 500));
      pair.left.send(numberedFrame(2, 500));
      await pair.until(() => right.frames.length === 2);
      right.frames[0]?.fill(0);
      checkFrame(right.frames[1], 2, 500);
      check(right.frames[0]?.buffer !== right.frames[1]?.buffer, 'two frames share a buffer');
    },
  },
  {
    title: 'carries 2 MB each way at once, and tells when it has drained',
    run: async (pair, { left, right }) => {
      left.listen();
      right.listen();
      const frameCount = Math.ceil(2_000_000 / LIMITS.frameBytes);
      for (let number = 0; number < frameCount; number++) {
        left.within(() => pair.left.send(numberedFrame(number, LIMITS.frameBytes)));
        right.within(() => pair.right.send(numberedFrame(number, LIMITS.frameBytes)));
      }
      check(pair.left.bufferedBytes > LINK_LOW_WATER_BYTES, 'what is not sent yet is not counted');
      let bufferedAtDrain = Infinity;
      left.onDrained = () => (bufferedAtDrain = pair.left.bufferedBytes);
      await pair.until(() => left.frames.length === frameCount && right.frames.length === frameCount);
      await pair.until(() => left.drainCount > 0 && right.drainCount > 0);
      check(bufferedAtDrain <= LINK_LOW_WATER_BYTES, `drained with ${bufferedAtDrain} bytes`);
      checkEqual(pair.left.bufferedBytes, 0, 'buffered bytes in the end');
      right.frames.forEach((frame, number) => {
        checkFrame(frame, number, LIMITS.frameBytes);
      });
    },
  },
  {
    title: 'goes on when the sender refills it at each drain',
    run: async (pair, { left, right }) => {
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
      checkEqual(right.receivedBytes, 100 * 16_384, 'bytes');
    },
  },
  {
    title: 'keeps what comes before anybody listens',
    run: async (pair, { right }) => {
      for (let number = 0; number < 20; number++) pair.left.send(numberedFrame(number, 1000));
      await pair.settle();
      right.listen();
      checkEqual(right.frames.length, 0, 'frames');
      await pair.until(() => right.frames.length === 20);
      right.frames.forEach((frame, number) => checkEqual(frame[999], number, 'frame'));
    },
  },
  {
    title: 'keeps frames and the end for a late listener',
    run: async (pair, { right }) => {
      pair.left.send(numberedFrame(5, 100));
      pair.left.close();
      await pair.settle();
      right.listen();
      await pair.until(() => right.ends.length > 0);
      checkEqual(right.frames.length, 1, 'frames');
      checkEqual(right.ends, ['remote'], 'ends on the right');
    },
  },
  {
    title: 'ends once on each side when one closes, after delivering what was sent',
    run: async (pair, { left, right }) => {
      left.listen();
      right.listen();
      for (let number = 0; number < 30; number++) pair.left.send(numberedFrame(number, LIMITS.frameBytes));
      left.within(() => {
        pair.left.close();
        pair.left.close();
      });
      await pair.until(() => left.ends.length > 0 && right.ends.length > 0);
      await pair.settle();
      checkEqual(left.ends, ['local'], 'ends on the left');
      checkEqual(right.ends, ['remote'], 'ends on the right');
      checkEqual(right.frames.length, 30, 'frames');
    },
  },
  {
    title: 'ends once on each side when both close at once',
    run: async (pair, { left, right }) => {
      left.listen();
      right.listen();
      pair.left.close();
      pair.right.close();
      await pair.until(() => left.ends.length > 0 && right.ends.length > 0);
      await pair.settle();
      checkEqual([...left.ends, ...right.ends], ['local', 'local'], 'ends');
    },
  },
  {
    title: 'delivers nothing after the end, and sends nothing',
    run: async (pair, { left, right }) => {
      left.listen();
      right.listen();
      for (let number = 0; number < 50; number++) pair.right.send(numberedFrame(number, 4000));
      pair.left.close();
      left.within(() => pair.left.send(numberedFrame(99, 10)));
      await pair.until(() => left.ends.length > 0 && right.ends.length > 0);
      pair.left.send(numberedFrame(98, 10));
      pair.right.send(numberedFrame(97, 10));
      await pair.settle();
      checkEqual(left.framesAfterEnd + right.framesAfterEnd, 0, 'frames after the end');
      checkEqual(right.frames.length, 0, 'frames');
    },
  },
  {
    title: 'refuses empty frames and frames beyond the limit',
    run: (pair) => {
      checkThrows(() => pair.left.send(new Uint8Array(LIMITS.frameBytes + 1)), 'send');
      checkThrows(() => pair.left.send(new Uint8Array(0)), 'send');
      return Promise.resolve();
    },
  },
  {
    title: 'has one listener',
    run: (pair, { left }) => {
      left.listen();
      checkThrows(() => pair.left.listen({ frame() {}, drained() {}, ended() {} }), 'a second listen');
      return Promise.resolve();
    },
  },
  {
    title: 'ends when the remote vanishes',
    needsVanishing: true,
    run: async (pair, { right }) => {
      right.listen();
      pair.vanishLeft?.();
      await pair.until(() => right.ends.length > 0);
      await pair.settle();
      checkEqual(right.ends.length, 1, 'ends');
      check(right.ends[0] !== 'local', 'the end was not ours');
    },
  },
];

/** Runs one line of the contract on a fresh pair. */
export async function runLinkContract(contractCase: LinkContractCase, pair: LinkPair): Promise<void> {
  const recorders = { left: new LinkRecorder(pair.left), right: new LinkRecorder(pair.right) };
  try {
    await contractCase.run(pair, recorders);
  } finally {
    await pair.close();
  }
  const isBroken = recorders.left.callbackWithinCall || recorders.right.callbackWithinCall;
  check(!isBroken, 'a callback came from within a call');
}

import { joinAnswerSchema } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinRequest, originJoin, peerId, report, signalTo } from '../core/tracker-world.js';
import { connectTo, enter, isServed, sendAnything, startTracker, type PeerSocket } from './tracker-harness.js';

/** A valid message, to be damaged in one place: gets past the first checks of a parser. */
const VALID = {
  join: [joinRequest(7), originJoin(8, Date.now())],
  leave: [{}],
  signal: [signalTo(peerId(1)), signalTo(peerId(1), { kind: 'candidate', candidate: 'c', mid: '0' })],
  report: [report()],
  seeded: [{ peers: [peerId(4)] }],
  neighboursWanted: [{ count: 3, exclude: [peerId(4)] }],
} as const;

/** Anything that JSON, or Socket.IO's binary packets, can carry. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.anything({ withTypedArray: true, withBigInt: false, withNullPrototype: true, maxDepth: 2 }),
  fc.constantFrom('__proto__', { __proto__: null }, { _placeholder: true, num: 0 }, { _placeholder: true, num: -1 }),
);

function damaged(valid: readonly object[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...valid), fc.nat(), anything)
    .map(([message, pick, value]) => {
      const keys = Object.keys(message);
      const key = keys[pick % Math.max(1, keys.length)] ?? 'x';
      return { ...message, [key]: value };
    });
}

async function fuzz(event: keyof typeof VALID): Promise<void> {
  const { url, handle } = await startTracker({
    // So that the messages reach the parsers; who is cut off all the same comes again.
    limits: { messagesPerSecond: 1e6, messageBurst: 1e9, joinsPerSecond: 1e6, joinBurst: 1e6 },
  });
  const bystander = await connectTo(url);
  await enter(bystander, 1);
  let isTouched = false;
  bystander.on('disconnect', () => (isTouched = true));
  let attacker: PeerSocket | undefined;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(anything, damaged(VALID[event])), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (messages, isWithAnswer) => {
        attacker = attacker?.connected ? attacker : await connectTo(url);
        const answers: unknown[] = [];
        const answer = (value: unknown) => void answers.push(value);
        try {
          sendAnything(attacker, event, ...messages, ...(isWithAnswer ? [answer] : []));
        } catch {
          // What the client itself can't serialize never leaves it.
          return;
        }
        expect(await isServed(bystander)).toBe(true);
        for (const value of answers) {
          if (event === 'join') expect(joinAnswerSchema.safeParse(value).success).toBe(true);
        }
      },
    ),
    { seed: 20261121, numRuns: 150 },
  );
  expect(isTouched).toBe(false);
  expect(handle.scrape()[0]?.viewers).toBeGreaterThanOrEqual(1);
}

describe('whatever comes in', () => {
  it.each(Object.keys(VALID) as (keyof typeof VALID)[])(
    'as %s hurts nobody else and is answered by the contract',
    fuzz,
    30_000,
  );
});

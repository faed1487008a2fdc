import { decodeMessage, encodedMessageBytes, encodeMessage, LIMITS, randomInteger, seededRandom, type Random, type WireMessage } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wireMessages } from './arbitraries.js';

const FRAMES_PER_RUN = 1_000;
/** As many frames as the environment says, else what a test run can afford. */
const FRAMES = Number(process.env['P2PTV_FUZZ_FRAMES'] ?? 60_000);
const KNOWN_TYPES = [...Array.from({ length: 14 }, (_, type) => type), 0x20, 0x21, 0x22, 0x23, 0x24, 0x25];

/** Valid frames to start from: long ones are rare, so that a run sees many. */
const SAMPLES = fc
  .sample(wireMessages, { numRuns: 1_500, seed: 1 })
  .map((message) => encodeMessage(message))
  .filter((frame, index) => frame.length < 600 || index % 12 === 0);

function sample(random: Random): Uint8Array {
  return SAMPLES[randomInteger(random, SAMPLES.length)]!;
}

/** Random bytes, or a valid frame with some bytes changed, cut, lengthened or joined to another. */
function nextFrame(random: Random): Uint8Array {
  const way = randomInteger(random, 12);
  if (way === 0) return Uint8Array.from({ length: randomInteger(random, 60) }, () => randomInteger(random, 256));
  if (way === 1) {
    const frame = Uint8Array.from({ length: 1 + randomInteger(random, 60) }, () => randomInteger(random, 256));
    frame[0] = KNOWN_TYPES[randomInteger(random, KNOWN_TYPES.length)]!;
    return frame;
  }
  const valid = sample(random);
  if (way === 2) return valid.slice(0, randomInteger(random, valid.length + 1));
  if (way === 3) {
    const tail = sample(random);
    return new Uint8Array([...valid.slice(0, 40), ...tail.slice(randomInteger(random, tail.length)).slice(0, 40)]);
  }
  if (way === 4) {
    const longer = new Uint8Array(valid.length + 1 + randomInteger(random, 4));
    longer.set(valid);
    return longer;
  }
  const frame = valid.slice();
  const changes = randomInteger(random, 4);
  for (let change = 0; change < changes; change++) {
    // Lengths, kinds and indices stand at the beginning.
    const at = randomInteger(random, random.next() < 0.5 ? Math.min(48, frame.length) : frame.length);
    frame[at] = [0, 0xff, 0x80, randomInteger(random, 256)][randomInteger(random, 4)]!;
  }
  return frame;
}

/** What of a frame its message says: flags of later versions are not read, nor what they append to HELLO. */
function readPartOf(frame: Uint8Array, message: WireMessage): Uint8Array {
  const read = frame.slice(0, message.kind === 'hello' ? 13 : undefined);
  // What a former HELLO lacks is written as 0.
  if (message.kind === 'hello' && read.length < 13) return readPartOf(Uint8Array.of(...read, 0, 0), message);
  if (message.kind === 'hello') read[10]! &= 3;
  if (message.kind === 'status') read[9]! &= 3;
  if (message.kind === 'peers') for (let at = 22; at < read.length; at += 22) read[at]! &= 3;
  return read;
}

function inHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').slice(0, 400);
}

describe('any frame', () => {
  it('WR3, WR5: is read without an error, and a message is written back as it came, at the length foretold', { timeout: 3_600_000 }, () => {
    let messages = 0;
    fc.assert(
      fc.property(fc.noBias(fc.nat(0x7fff_ffff)), (seed) => {
        const random = seededRandom(seed);
        for (let count = 0; count < FRAMES_PER_RUN; count++) {
          const frame = nextFrame(random);
          const message = decodeMessage(frame);
          if (message.kind === 'unknown' || message.kind === 'malformed') continue;
          messages++;
          const written = encodeMessage(message);
          const isSame = Buffer.compare(written, readPartOf(frame, message)) === 0;
          if (!isSame) throw new Error(`${message.kind} ${inHex(frame)} was written back as ${inHex(written)}`);
          if (encodedMessageBytes(message) !== written.length || written.length > LIMITS.frameBytes) {
            throw new Error(`${message.kind} of ${written.length} bytes was foretold as ${encodedMessageBytes(message)}`);
          }
        }
      }),
      { numRuns: Math.max(1, Math.ceil(FRAMES / FRAMES_PER_RUN)), seed: 20_261_121 },
    );
    // A fuzzer whose frames are all refused tests the first line of the codec alone.
    expect(messages / FRAMES).toBeGreaterThan(0.3);
  });
});

import { readFileSync } from 'node:fs';
import {
  BLOCK_BYTES,
  encodedHeaderBytes,
  encodedMessageBytes,
  LIMITS,
  signalSchema,
  type ChunkSequence,
  type RenditionId,
} from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

const chunk = { rendition: 0 as RenditionId, sequence: 0 as ChunkSequence };

describe('limits', () => {
  it('LM1: are those of the SPEC’s table, each with the attack that it bounds', () => {
    const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');
    const table = spec.slice(spec.indexOf('| limit | value | bounds |'));
    const rows = [...table.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)];
    expect(Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]))).toEqual(LIMITS);
    expect(rows.every(([, , , attack]) => attack!.length > 5)).toBe(true);
  });

  it('LM2: a full block and the largest header fit a frame', () => {
    expect(
      encodedMessageBytes({ kind: 'block', ...chunk, index: 0, bytes: new Uint8Array(BLOCK_BYTES) }),
    ).toBeLessThanOrEqual(LIMITS.frameBytes);
    expect(2 + encodedHeaderBytes(LIMITS.chunkBytes)).toBeLessThanOrEqual(LIMITS.frameBytes);
  });

  it('LM2: the length of the largest header fits a batch’s two bytes', () => {
    expect(encodedHeaderBytes(LIMITS.chunkBytes)).toBeLessThanOrEqual(0xffff);
  });

  it('LM2: the fullest offer fits a tracker message', () => {
    const offer = {
      from: 'a'.repeat(32),
      to: 'b'.repeat(32),
      connectionId: 'c'.repeat(32),
      body: {
        kind: 'offer',
        // SDP lines end with two characters that JSON escapes; they are seldom shorter than 20.
        sdp: `${'x'.repeat(18)}\r\n`.repeat(LIMITS.signalBytes).slice(0, LIMITS.signalBytes),
        ticket: 't'.repeat(2048),
      },
    };
    expect(signalSchema.safeParse(offer).success).toBe(true);
    expect(JSON.stringify(['signal', offer]).length).toBeLessThanOrEqual(LIMITS.trackerMessageBytes);
  });
});

import { describe, expect, it } from 'vitest';
import { EdgeClock } from '../../src/library/edge-clock.js';
import { EPOCH_MS, headerOf, PART_MS } from '../support/chunk-headers.js';

/** Viewer's time at which part n is there when it takes that long. */
const arrivalMs = (sequence: number, latencyMs: number): number => (sequence + 1) * PART_MS + latencyMs;
/** Program date-time of the end of the part that is due at a viewer's time. */
const edgeAt = (nowMs: number, latencyMs: number): number => EPOCH_MS + nowMs - latencyMs;

describe('edge clock', () => {
  it('knows nothing before the first part', () => {
    expect(new EdgeClock().edgeMs(0)).toBeUndefined();
  });

  it('runs on between parts', () => {
    const edge = new EdgeClock();
    edge.partReady(headerOf(3), arrivalMs(3, 100));
    expect(edge.edgeMs(arrivalMs(3, 100))).toBe(EPOCH_MS + 4 * PART_MS);
    expect(edge.edgeMs(arrivalMs(3, 100) + 150)).toBe(EPOCH_MS + 4 * PART_MS + 150);
  });

  it('takes the newest of a joining burst, whose older parts are late by their age', () => {
    const edge = new EdgeClock();
    for (let sequence = 0; sequence < 6; sequence++) edge.partReady(headerOf(sequence), 1_300 + sequence);
    expect(edge.edgeMs(2_000)).toBe(edgeAt(2_000, 105));
  });

  it('is a line through the mean of arrivals that jitter', () => {
    const edge = new EdgeClock();
    for (let sequence = 0; sequence < 200; sequence++) {
      edge.partReady(headerOf(sequence), arrivalMs(sequence, sequence % 2 === 0 ? 60 : 140));
    }
    expect(Math.abs((edge.edgeMs(50_000) ?? 0) - edgeAt(50_000, 100))).toBeLessThan(15);
  });

  it('begins anew after a step of the publisher’s clock', () => {
    const edge = new EdgeClock();
    edge.partReady(headerOf(0), arrivalMs(0, 100));
    const programDateTimeMs = EPOCH_MS + 60_000;
    edge.partReady(headerOf(1, { programDateTimeMs }), 5_000);
    expect(edge.edgeMs(5_000)).toBe(programDateTimeMs + PART_MS);
  });
});

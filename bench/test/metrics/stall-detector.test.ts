import { describe, expect, it } from 'vitest';
import { StallDetector, type PlaybackSample } from '../../src/metrics/stall-detector.js';

/** A player on virtual time, looked at every 50 ms and whenever something happens to it. */
class FakePlayer {
  readonly detector = new StallDetector();
  #atMs = 1000;
  #mediaMs = 0;
  #rate = 1;
  #isPaused = false;

  constructor() {
    this.look();
  }

  look(isWaiting = false): void {
    const sample: PlaybackSample = {
      atMs: this.#atMs,
      mediaMs: this.#mediaMs,
      rate: this.#rate,
      isPaused: this.#isPaused,
      isWaiting,
    };
    this.detector.observe(sample);
  }

  play(forMs: number, stepMs = 50): void {
    this.#pass(forMs, { stepMs, speed: this.#rate });
  }

  freeze(forMs: number, stepMs = 50): void {
    this.#pass(forMs, { stepMs, speed: 0 });
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.look();
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.look();
  }

  seek(byMs: number): void {
    this.#mediaMs += byMs;
  }

  #pass(forMs: number, { stepMs, speed }: { stepMs: number; speed: number }): void {
    for (let passedMs = 0; passedMs < forMs; passedMs += stepMs) {
      this.#atMs += stepMs;
      this.#mediaMs += stepMs * speed;
      this.look();
    }
  }
}

describe('the stall detector', () => {
  it('finds nothing in steady playback', () => {
    const player = new FakePlayer();
    player.play(10_000);
    expect(player.detector.figures).toEqual({
      playedMs: 10_000,
      stalls: 0,
      stalledMs: 0,
      stallLog: [],
      rateChangedMs: 0,
      rateChanges: 0,
      leastRate: 1,
      mostRate: 1,
      skips: 0,
      skippedMs: 0,
    });
  });

  it('counts a standstill once, with its whole length', () => {
    const player = new FakePlayer();
    player.play(2_000);
    player.freeze(700);
    player.play(2_000);
    expect(player.detector.figures).toMatchObject({ playedMs: 4_700, stalls: 1, stalledMs: 700 });
  });

  it('counts each of several', () => {
    const player = new FakePlayer();
    for (const lengthMs of [200, 300, 400]) {
      player.play(500);
      player.freeze(lengthMs);
    }
    player.play(500);
    expect(player.detector.figures).toMatchObject({ stalls: 3, stalledMs: 900 });
    expect(player.detector.figures.stallLog).toEqual([
      { atMs: 1_500, lengthMs: 200 },
      { atMs: 2_200, lengthMs: 300 },
      { atMs: 3_000, lengthMs: 400 },
    ]);
  });

  it('counts one that is still going on', () => {
    const player = new FakePlayer();
    player.play(500);
    player.freeze(5_000);
    expect(player.detector.figures).toMatchObject({ stalls: 1, stalledMs: 5_000 });
  });

  it('counts a standstill that begins with the first frame', () => {
    const player = new FakePlayer();
    player.freeze(400);
    player.play(500);
    expect(player.detector.figures).toMatchObject({ stalls: 1, stalledMs: 400 });
  });

  it('takes a hiccup of less than 100 ms for noise, unless the browser said that it waits', () => {
    const player = new FakePlayer();
    player.play(500);
    player.freeze(50);
    player.play(500);
    expect(player.detector.figures).toMatchObject({ stalls: 0, stalledMs: 0 });
    player.look(true);
    player.freeze(50);
    player.play(500);
    expect(player.detector.figures).toMatchObject({ stalls: 1, stalledMs: 50 });
  });

  it('does not count a browser that says it waits, and goes on', () => {
    const player = new FakePlayer();
    player.play(500);
    player.look(true);
    player.play(500);
    expect(player.detector.figures).toMatchObject({ stalls: 0, stalledMs: 0 });
  });

  it('sees what a busy page was late to look at, by the time that is lacking', () => {
    const player = new FakePlayer();
    player.play(500);
    // One look a second: it moved for 700 ms of it.
    player.play(700, 700);
    const smooth = player.detector.figures;
    expect(smooth.stalls).toBe(0);
    player.seek(700);
    player.freeze(1_000, 1_000);
    player.play(500);
    expect(player.detector.figures).toMatchObject({ stalls: 1 });
    expect(player.detector.figures.stalledMs).toBeCloseTo(300);
  });

  it('does not count a pause as playing or as a stall', () => {
    const player = new FakePlayer();
    player.play(500);
    player.setPaused(true);
    player.freeze(3_000);
    player.setPaused(false);
    player.play(500);
    expect(player.detector.figures).toMatchObject({ playedMs: 1_000, stalls: 0, stalledMs: 0 });
  });

  it('adds up the time at another rate, and takes slow motion for motion', () => {
    const player = new FakePlayer();
    player.play(1_000);
    player.setRate(1.1);
    player.play(2_000);
    player.setRate(0.95);
    player.play(1_000);
    player.setRate(1);
    player.play(1_000);
    expect(player.detector.figures).toMatchObject({ playedMs: 5_000, rateChangedMs: 3_000, stalls: 0, skips: 0 });
    expect(player.detector.figures).toMatchObject({ rateChanges: 3, leastRate: 0.95, mostRate: 1.1 });
  });

  it('tells a jump ahead from playing: what was left out is counted', () => {
    const player = new FakePlayer();
    player.play(1_000);
    player.seek(2_000);
    player.play(1_000);
    expect(player.detector.figures).toMatchObject({ stalls: 0, skips: 1, skippedMs: 2_000 });
  });

  it('keeps the stall that ended in a jump', () => {
    const player = new FakePlayer();
    player.play(1_000);
    player.freeze(600);
    player.seek(600);
    player.play(1_000);
    expect(player.detector.figures).toMatchObject({ stalls: 1, stalledMs: 600, skips: 1 });
  });
});

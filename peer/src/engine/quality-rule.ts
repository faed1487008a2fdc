import { BLOCK_BYTES, type RenditionId } from '@p2ptv/protocol';
import { ByteRate } from './byte-rate.js';
import type { EngineOptions } from './engine-options.js';
import { PeakRate } from './peak-rate.js';
import type { FollowWish, Rung } from './viewer-input.js';

/** How a part of the rendition that is played came: with time to spare, only just, or not when it should have. */
export type PartVerdict = 'inTime' | 'close' | 'late';

/** The time over which it is seen whether media comes as fast as it is played, ms: a part more or less must not count for much. */
const KEEPING_UP_MS = 3_000;

/**
 * Which rendition to follow: the best whose parts arrive by their deadline.
 *
 * Down, at once, when several of the newest parts came late or never, or only just while less media came
 * than is played: to the best rendition that what came lately, from peers, origin and through the downlink
 * together, carries. Up, a step at a time, when none was late for a while, and either the line has shown that
 * it carries the next rung, or it is simply time to try. Whoever had to go down from a rung soon after going up to it waits twice as long
 * before the next try: so a rung that does not fit is tried ever more rarely. (SPEC, series QR)
 */
export class QualityRule {
  readonly #options: EngineOptions['quality'];
  /** Best first. */
  readonly #ladder: readonly Rung[];
  readonly #receiving = new ByteRate();
  readonly #peak = new PeakRate();
  /** What came whole in that time, oldest first. */
  readonly #whole: { readonly atMs: number; readonly durationMs: number }[] = [];
  /** Of the newest parts, how each came; oldest first. */
  #verdicts: PartVerdict[] = [];
  /** When the first part was whole; undefined: none is yet. */
  #beganAtMs: number | undefined;
  #changedAtMs: number;
  #lastLateAtMs = -Infinity;
  #hasRisen = false;
  /** Doubled each time that a better one had to be given up soon. */
  #patience = 1;

  /** @param ladder in any order */
  constructor(nowMs: number, ladder: readonly Rung[], options: EngineOptions['quality']) {
    this.#ladder = [...ladder].sort((left, right) => right.bitsPerSecond - left.bitsPerSecond);
    this.#options = options;
    this.#changedAtMs = nowMs;
  }

  /** Media bytes have come, of use or not. */
  received(nowMs: number, bytes: number): void {
    this.#receiving.add(nowMs, bytes);
    this.#peak.add(nowMs, bytes);
  }

  /** A part of the rendition that is played is whole. */
  completed(nowMs: number, durationMs: number): void {
    this.#beganAtMs ??= nowMs;
    this.#whole.push({ atMs: nowMs, durationMs });
    while (this.#whole[0] && this.#whole[0].atMs <= nowMs - KEEPING_UP_MS) this.#whole.shift();
  }

  /** A part of the rendition that is played has come, or has not when it should have. */
  judged(nowMs: number, verdict: PartVerdict): void {
    this.#verdicts.push(verdict);
    if (this.#verdicts.length > this.#options.windowParts) this.#verdicts.shift();
    if (verdict === 'late') this.#lastLateAtMs = nowMs;
  }

  /** What to follow instead of a rendition; undefined: it is the right one. */
  decide(nowMs: number, rendition: RenditionId): FollowWish | undefined {
    const index = this.#ladder.findIndex((rung) => rung.rendition === rendition);
    if (index < 0) return undefined;
    const { lateParts } = this.#options;
    const isTooLate = this.#count((verdict) => verdict === 'late') >= lateParts;
    const isRunningShort = this.#count((verdict) => verdict !== 'inTime') >= lateParts && !this.#keepsUp(nowMs);
    return isTooLate || isRunningShort ? this.#down(nowMs, index) : this.#up(nowMs, index);
  }

  #count(isMeant: (verdict: PartVerdict) => boolean): number {
    return this.#verdicts.filter(isMeant).length;
  }

  /** False when what came whole lately plays for less time than it took to come. */
  #keepsUp(nowMs: number): boolean {
    // Parts of a better one come late at first, from the origin: that it is too much is left to those that come too late.
    const settledMs = this.#hasRisen ? 2 * this.#options.holdMs : KEEPING_UP_MS;
    // Who came to a full broadcast may have waited for seconds.
    if (nowMs < Math.max(this.#changedAtMs + settledMs, (this.#beganAtMs ?? Infinity) + KEEPING_UP_MS)) return true;
    let wholeMs = 0;
    for (const { atMs, durationMs } of this.#whole) if (atMs > nowMs - KEEPING_UP_MS) wholeMs += durationMs;
    return wholeMs >= this.#options.leastMediaRate * KEEPING_UP_MS;
  }

  #down(nowMs: number, index: number): FollowWish | undefined {
    const carried = this.#options.usableShare * this.#receiving.bitsPerSecond(nowMs);
    const fits = this.#ladder.findIndex((rung, at) => at > index && rung.bitsPerSecond <= carried);
    const rung = this.#ladder[fits < 0 ? this.#ladder.length - 1 : fits];
    if (!rung || rung === this.#ladder[index]) return undefined;
    const { holdMs, mostPatience } = this.#options;
    const hasFailed = this.#hasRisen && nowMs - this.#changedAtMs < 2 * holdMs;
    this.#patience = hasFailed ? Math.min(mostPatience, this.#patience * 2) : 1;
    this.#changed(nowMs, { hasRisen: false });
    this.#peak.clear();
    return { rendition: rung.rendition, isUrgent: true };
  }

  #up(nowMs: number, index: number): FollowWish | undefined {
    const next = this.#ladder[index - 1];
    const { holdMs, tryMs, headroom } = this.#options;
    const goodSinceMs = Math.max(this.#changedAtMs, this.#lastLateAtMs);
    if (!next || this.#verdicts.length < this.#options.windowParts || nowMs < goodSinceMs + holdMs * this.#patience) return undefined;
    const hasShown = this.#peak.bitsPerSecond(nowMs, BLOCK_BYTES) >= headroom * next.bitsPerSecond;
    // Without a sign it may still be: nothing that comes evenly shows more than its own rate.
    if (!hasShown && nowMs < goodSinceMs + tryMs * this.#patience) return undefined;
    this.#changed(nowMs, { hasRisen: true });
    return { rendition: next.rendition, isUrgent: false };
  }

  #changed(nowMs: number, how: { readonly hasRisen: boolean }): void {
    this.#changedAtMs = nowMs;
    this.#hasRisen = how.hasRisen;
    this.#verdicts = [];
  }
}

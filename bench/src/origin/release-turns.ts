import { percentile } from '../metrics/percentile.js';
import type { Release, ReleaseFigures, WaitedFor } from './report.js';

/** One part published to all who waited for it. */
export type ReleaseRound = {
  /** From the publication until a client had all of its answer, of each that was answered. */
  readonly delaysMs: readonly number[];
  readonly bodyBytes: number;
  /** The server's processor time for all requests until they waited, and from the publication to the last answer. */
  readonly askCpuSeconds: number;
  readonly releaseCpuSeconds: number;
};

/** One turn of the origin, and of the bare server with the same bytes. */
export type ReleaseTurn = { readonly p2ptv: ReleaseRound; readonly bare: ReleaseRound };

/** Figures over all turns; the last ones are compared turn by turn, as what slows a machine down for a while slows both. */
export function summarizeReleases(crowd: { readonly waitedFor: WaitedFor; readonly clients: number }, turns: readonly ReleaseTurn[]): Release {
  const ours = turns.map(({ p2ptv }) => p2ptv);
  const p2ptv = figuresOf(ours);
  const bare = figuresOf(turns.map((turn) => turn.bare));
  const lastRatios = turns.flatMap((turn) => ratio(last(turn.p2ptv), last(turn.bare)) ?? []);
  return {
    ...crowd,
    rounds: turns.length,
    ...p2ptv,
    bytesPerAnswer: sum(ours, ({ bodyBytes }) => bodyBytes) / answersOf(ours),
    bare: {
      ...bare,
      releaseP99Ratio: ratio(p2ptv.releaseMs.p99, bare.releaseMs.p99),
      lastRatio: percentile(lastRatios, 0.5) ?? null,
    },
  };
}

function figuresOf(rounds: readonly ReleaseRound[]): ReleaseFigures {
  const delaysMs = rounds.flatMap((round) => round.delaysMs);
  const lastMs = rounds.flatMap((round) => last(round) ?? []);
  const answers = answersOf(rounds);
  return {
    releaseMs: { p50: figure(delaysMs, 0.5), p99: figure(delaysMs, 0.99), max: figure(delaysMs, 1) },
    lastMs: { p50: figure(lastMs, 0.5), max: figure(lastMs, 1) },
    askCpuMicroseconds: (sum(rounds, ({ askCpuSeconds }) => askCpuSeconds) * 1e6) / answers,
    releaseCpuMicroseconds: (sum(rounds, ({ releaseCpuSeconds }) => releaseCpuSeconds) * 1e6) / answers,
  };
}

function last({ delaysMs }: ReleaseRound): number | null {
  return figure(delaysMs, 1);
}

function ratio(ours: number | null, theirs: number | null): number | null {
  return ours === null || theirs === null ? null : ours / theirs;
}

/** At least one: what nobody got cost nobody anything. */
function answersOf(rounds: readonly ReleaseRound[]): number {
  return Math.max(1, sum(rounds, ({ delaysMs }) => delaysMs.length));
}

function sum(rounds: readonly ReleaseRound[], value: (round: ReleaseRound) => number): number {
  return rounds.reduce((total, round) => total + value(round), 0);
}

function figure(samples: readonly number[], ratio: number): number | null {
  return percentile(samples, ratio) ?? null;
}

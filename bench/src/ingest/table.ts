import { formatBars, judge, type WantedBar } from '../load/bars.js';
import { hundredths, milliseconds, orDash, percent, tenths, whole } from '../load/formats.js';
import { formatTable } from '../text-table.js';
import type { AvSyncResult, ChannelsResult, IngestReport, LossyResult, WayResult } from './report.js';
import { WAYS } from './ways/registry.js';

/** From the start of publishing to the first frame, ms. */
const FIRST_FRAME_BAR_MS = 3_000;
/** Of media published over time passed; below, somebody's picture stands still sooner or later. */
const PACE_BAR = 0.99;
/** A rendition may come to be so much later than it was. A part: nobody's buffer is smaller. */
const BEHIND_BAR_MS = 200;
/** What live memory may grow by in ten minutes: below what collections leave by chance. */
const MEMORY_BAR_MIB = 4;
const MIB = 2 ** 20;
/** Until the picture has the camera's size, ms. */
const SHARP_BAR_MS = 5_000;
/** Of the packets that were asked for again. */
const RECOVERED_BAR = 0.95;

/** Between sound and picture, ms: what hardly anybody notices. */
const APART_BAR_MS = 80;
/** What that may change by, ms: a frame and a little. */
const APART_DRIFT_BAR_MS = 40;
/** What the delay may change by, ms: a part. */
const DELAY_DRIFT_BAR_MS = 200;

/** The figures and the bars, for people. */
export function formatIngestReport({ config, machine, results }: IngestReport): string {
  const blocks = [`${machine.cpu}, ${machine.cores} cores, Chromium ${machine.chromium}, ffmpeg ${machine.ffmpeg}`];
  const ways = Object.entries(results.ways);
  if (ways.length > 0) blocks.push(...formatWays(ways, config.rounds));
  if (results.channels) blocks.push(...formatChannels(results.channels, config.seconds));
  if (results.lossy.length > 0) blocks.push(...formatLossy(results.lossy));
  const synced = Object.entries(results.avSync);
  if (synced.length > 0) blocks.push(...formatAvSync(synced, config.seconds));
  const failures = [...ways.flatMap(([name, { failures: all }]) => all.map((text) => `${name}: ${text}`)), ...(results.channels?.failures ?? [])];
  const notes = [...config.notes, ...failures];
  if (notes.length > 0) blocks.push(notes.join('\n'));
  return blocks.join('\n\n');
}

const seconds = (valueMs: number): string => `${(valueMs / 1000).toFixed(2)} s`;

const WAY_ROWS: readonly (readonly [string, keyof WayResult & `${string}Ms`])[] = [
  ['the origin has the publisher', 'takenMs'],
  ['first part published', 'firstPartMs'],
  ['waiting page told', 'toldMs'],
  ['its join answered', 'joinedMs'],
  ['its first frame', 'firstFrameMs'],
  ['its first frame, worst round', 'mostFirstFrameMs'],
  ['a page opened later', 'openedLaterMs'],
];

function formatWays(ways: readonly (readonly [string, WayResult])[], rounds: number): string[] {
  const sessions = (result: WayResult): string => String(Math.max(0, ...result.rounds.map(({ encoderSessions }) => encoderSessions)));
  const bars: WantedBar[] = ways.map(([name, { firstFrameMs }]) => ({
    name: `${name}: publishing to first frame`,
    value: firstFrameMs ?? undefined,
    limit: FIRST_FRAME_BAR_MS,
    sense: 'most',
    format: seconds,
  }));
  return [
    ways.map(([name]) => `${name}: ${WAYS.find((way) => way.name === name)?.summary ?? ''}`).join('\n'),
    formatTable([
      [`medians of ${rounds}, since the start`, ...ways.map(([name]) => name)],
      ...WAY_ROWS.map(([label, field]) => [label, ...ways.map(([, result]) => orDash(result[field], seconds))]),
      ['encoder sessions, worst round', ...ways.map(([, result]) => sessions(result))],
    ]),
    formatBars(judge(bars)),
  ];
}

function formatChannels(result: ChannelsResult, ranSeconds: number): string[] {
  const { renditions, memory, liveGrowthBytesPerTenMinutes: growth } = result;
  const least = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.min(...values));
  const grown = renditions.map(({ behindGrowthMs }) => behindGrowthMs);
  const bars: WantedBar[] = [
    { name: 'media over time, least rendition', value: least(renditions.map(({ paceRatio }) => paceRatio)), limit: PACE_BAR, sense: 'least', format: hundredths },
    {
      name: 'fallen behind, most',
      value: grown.every((value) => value !== null) && grown.length > 0 ? Math.max(...grown) : undefined,
      limit: BEHIND_BAR_MS,
      sense: 'most',
      format: milliseconds,
    },
    { name: 'live memory in ten minutes, MiB', value: growth === null ? undefined : growth / MIB, limit: MEMORY_BAR_MIB, sense: 'most', format: tenths },
  ];
  const mebibytes = (bytes: number): string => tenths(bytes / MIB);
  const shown = [memory[0], memory.at(-1)].flatMap((reading) => reading ?? []);
  return [
    formatTable([
      [`${ranSeconds} s`, 'parts', 'media / time', 'behind p50', 'p99', 'fallen behind'],
      ...renditions.map(({ channel, rendition, parts, paceRatio, behindMs, behindGrowthMs }) => [
        `${channel}, rendition ${rendition}`,
        whole(parts),
        hundredths(paceRatio),
        orDash(behindMs.p50, milliseconds),
        orDash(behindMs.p99, milliseconds),
        orDash(behindGrowthMs, milliseconds),
      ]),
    ]),
    formatTable([['origin, MiB', 'live', 'resident'], ...shown.map(({ atSeconds, liveBytes, rssBytes }) => [`after ${whole(atSeconds)} s`, mebibytes(liveBytes), mebibytes(rssBytes)])]),
    `The origin takes ${percent(result.originCpuRatio)} of a core, its encoders left out.`,
    formatBars(judge(bars)),
  ];
}

function formatLossy(lines: readonly LossyResult[]): string[] {
  const rows: readonly (readonly [string, (line: LossyResult) => string])[] = [
    ['camera’s size after', ({ sharpAfterMs }) => orDash(sharpAfterMs, seconds)],
    ['kb/s that came', ({ kbps }) => whole(kbps)],
    ['packets asked for again', ({ nackedPackets }) => whole(nackedPackets)],
    ['of them came', ({ recoveredRatio }) => orDash(recoveredRatio, percent)],
    ['pictures lost', ({ lostFramesRatio }) => percent(lostFramesRatio)],
    ['encoder sessions', ({ encoderSessions }) => whole(encoderSessions)],
  ];
  const bars: WantedBar[] = lines.flatMap(({ lossRatio, sharpAfterMs, recoveredRatio }) => [
    { name: `${percent(lossRatio)} lost: camera’s size after`, value: sharpAfterMs ?? undefined, limit: SHARP_BAR_MS, sense: 'most', format: seconds },
    ...(lossRatio > 0 ? [{ name: `${percent(lossRatio)} lost: packets that came again`, value: recoveredRatio ?? undefined, limit: RECOVERED_BAR, sense: 'least' as const, format: percent }] : []),
  ]);
  return [formatTable([['packets lost', ...lines.map(({ lossRatio }) => percent(lossRatio))], ...rows.map(([label, value]) => [label, ...lines.map(value)])]), formatBars(judge(bars))];
}

function formatAvSync(ways: readonly (readonly [string, AvSyncResult])[], ranSeconds: number): string[] {
  const rows: readonly (readonly [string, (result: AvSyncResult) => string])[] = [
    ['sound after picture, median', ({ offsetMs }) => orDash(offsetMs, milliseconds)],
    ['farthest apart', ({ mostOffsetMs }) => orDash(mostOffsetMs, milliseconds)],
    ['drift, first window to last', ({ offsetDriftMs }) => orDash(offsetDriftMs, milliseconds)],
    ['capture to publication, median', ({ delayMs }) => orDash(delayMs, milliseconds)],
    ['drift of that', ({ delayDriftMs }) => orDash(delayDriftMs, milliseconds)],
    ['flashes', ({ windows }) => whole(windows.reduce((sum, { flashes }) => sum + flashes, 0))],
    ['encoder sessions', ({ encoderSessions }) => whole(encoderSessions)],
  ];
  const bars: WantedBar[] = ways.flatMap(([name, { mostOffsetMs, offsetDriftMs, delayDriftMs }]) => [
    { name: `${name}: sound and picture apart`, value: mostOffsetMs ?? undefined, limit: APART_BAR_MS, sense: 'most', format: milliseconds },
    ...(offsetDriftMs === null ? [] : [{ name: `${name}: drift between them`, value: Math.abs(offsetDriftMs), limit: APART_DRIFT_BAR_MS, sense: 'most' as const, format: milliseconds }]),
    ...(delayDriftMs === null ? [] : [{ name: `${name}: drift of the delay`, value: Math.abs(delayDriftMs), limit: DELAY_DRIFT_BAR_MS, sense: 'most' as const, format: milliseconds }]),
  ]);
  return [formatTable([[`${ranSeconds} s`, ...ways.map(([name]) => name)], ...rows.map(([label, value]) => [label, ...ways.map(([, result]) => value(result))])]), formatBars(judge(bars))];
}

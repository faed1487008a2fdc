import { formatBars, judge, type JudgedBar, type WantedBar } from '../load/bars.js';
import { hundredths, milliseconds, orDash, percent, tenths, whole } from '../load/formats.js';
import { formatTable } from '../text-table.js';
import type { NginxSegments, OriginReport, Release, Throughput } from './report.js';

/** The bar for releases is set for so many clients. */
const CROWD = 5_000;
const BARE = 'bare TCP server, same bytes';

/** The figures, nginx beside them, then the bars, for people. */
export function formatOriginReport(report: OriginReport): string {
  const { config, machine, results } = report;
  const { releases, segments, channelCpuRatio, failures } = results.p2ptv;
  const what = `${config.rateKbps} kb/s in parts of ${config.partMs} ms, ${config.clientProcesses} client process${config.clientProcesses === 1 ? '' : 'es'} on the same machine`;
  const blocks = [[what, `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`].join('\n')];
  if (releases.length > 0) {
    const rows = RELEASE_FIGURES.map(([label, value]) => [label, ...releases.map(value)]);
    blocks.push(formatTable([['clients waiting for a', ...releases.map(({ waitedFor }) => waitedFor)], ...rows]));
  }
  if (segments) blocks.push(formatSegments(segments, results.nginx));
  if (channelCpuRatio !== null) blocks.push(`A live channel that nobody watches takes ${percent(channelCpuRatio)} of a core, its encoder left out.`);
  const notes = [...config.notes, ...failures];
  if (notes.length > 0) blocks.push(notes.join('\n'));
  const bars = judgeOrigin(report);
  if (bars.length > 0) blocks.push(formatBars(bars));
  return blocks.join('\n\n');
}

/** The origin against its bars: only those for which there was what they need. */
export function judgeOrigin({ results }: Pick<OriginReport, 'results'>): JudgedBar[] {
  const { releases, segments } = results.p2ptv;
  const bars: WantedBar[] = releases
    .filter(({ clients, waitedFor }) => waitedFor === 'playlist' && clients >= CROWD)
    .map(({ clients, releaseMs, bare }) => ({
      // What this machine can do stands beside it: the bar is the origin's own.
      name: `p99 of the release of ${clients} clients (bare TCP server: ${orDash(bare.releaseMs.p99, milliseconds)})`,
      value: releaseMs.p99 ?? undefined,
      limit: 100,
      sense: 'most',
      format: milliseconds,
    }));
  if (segments && results.nginx) {
    bars.push({ name: 'segment bytes/s / nginx', value: results.nginx.bytesPerSecondRatio, limit: 0.7, sense: 'least', format: hundredths });
  }
  return judge(bars);
}

const RELEASE_FIGURES: readonly (readonly [string, (release: Release) => string])[] = [
  ['clients', ({ clients }) => whole(clients)],
  ['released, p50', ({ releaseMs }) => orDash(releaseMs.p50, milliseconds)],
  ['released, p99', ({ releaseMs }) => orDash(releaseMs.p99, milliseconds)],
  ['released, longest', ({ releaseMs }) => orDash(releaseMs.max, milliseconds)],
  ['the last one, median round', ({ lastMs }) => orDash(lastMs.p50, milliseconds)],
  ['bytes an answer', ({ bytesPerAnswer }) => whole(bytesPerAnswer)],
  ['CPU to take a request, µs', ({ askCpuMicroseconds }) => tenths(askCpuMicroseconds)],
  ['CPU to release it, µs', ({ releaseCpuMicroseconds }) => tenths(releaseCpuMicroseconds)],
  [BARE, () => ''],
  ['released, p50', ({ bare }) => orDash(bare.releaseMs.p50, milliseconds)],
  ['released, p99', ({ bare }) => orDash(bare.releaseMs.p99, milliseconds)],
  ['released, longest', ({ bare }) => orDash(bare.releaseMs.max, milliseconds)],
  ['the last one, median round', ({ bare }) => orDash(bare.lastMs.p50, milliseconds)],
  ['CPU to release it, µs', ({ bare }) => tenths(bare.releaseCpuMicroseconds)],
  ['p2ptv over it, p99', ({ bare }) => orDash(bare.releaseP99Ratio, hundredths)],
  ['p2ptv over it, the last one', ({ bare }) => orDash(bare.lastRatio, hundredths)],
];

function formatSegments(ours: Throughput, nginx: NginxSegments | undefined): string {
  const megabytes = (bytes: number): string => whole(bytes / 1e6);
  const theirs = nginx?.segments;
  return formatTable([
    ['segments', 'p2ptv', 'nginx', 'ratio'],
    ['MB/s', megabytes(ours.bytesPerSecond), orDash(theirs?.bytesPerSecond, megabytes), orDash(nginx?.bytesPerSecondRatio, hundredths)],
    ['MB/s on one core', orDash(ours.bytesPerCpuSecond, megabytes), orDash(theirs?.bytesPerCpuSecond, megabytes), orDash(nginx?.bytesPerCpuSecondRatio, hundredths)],
  ]);
}

import { formatBars, judge, type JudgedBar } from '../load/bars.js';
import { hundredths, milliseconds, orDash, percent, tenths, whole } from '../load/formats.js';
import { formatTable } from '../text-table.js';
import { WANTED_JOINS_PER_SECOND, type TrackerLevel, type TrackerReport } from './report.js';

const OURS = 'p2ptv';
const BESIDE = 'bittorrent-tracker';

/** The figures side by side, the ratios, then the bars, for people. */
export function formatTrackerReport(report: TrackerReport): string {
  const { config, machine, results } = report;
  const what = `${config.seconds} s each, ${config.clients} client process${config.clients === 1 ? '' : 'es'} on the same machine`;
  const columns = Object.entries(results).flatMap(([name, { levels }]) => levels.map((level) => ({ name, level })));
  const rows = FIGURES.map(({ label, value, format }) => [label, ...columns.map(({ level }) => orDash(value(level), format))]);
  const blocks = [
    [what, `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`].join('\n'),
    formatTable([['', ...columns.map(({ name }) => name)], ['sockets', ...columns.map(({ level }) => String(level.sockets))], ...rows]),
  ];
  const ratios = formatRatios(report);
  if (ratios !== undefined) blocks.push(ratios);
  const failures = Object.entries(results).flatMap(([name, result]) => result.failures.map((failure) => `${name}: ${failure}`));
  if (config.note !== null) failures.unshift(config.note);
  if (failures.length > 0) blocks.push(failures.join('\n'));
  const bars = judgeTracker(report);
  if (bars.length > 0) blocks.push(formatBars(bars));
  return blocks.join('\n\n');
}

/** Our tracker against its bars; none where it was not measured. */
export function judgeTracker({ results }: Pick<TrackerReport, 'results'>): JudgedBar[] {
  const levels = results[OURS]?.levels ?? [];
  const largest = levels.at(-1);
  if (!largest) return [];
  return judge([
    { name: `sockets a GiB, of ${largest.sockets}`, value: largest.socketsPerGib, limit: 20_000, sense: 'least', format: whole },
    ...levels.flatMap(({ sockets, joins, wantedJoins }) => [
      { name: `joins/s on one core, ${sockets} sockets`, value: joins.perCpuSecond, limit: WANTED_JOINS_PER_SECOND, sense: 'least' as const, format: whole },
      { name: `p99 of a join at half of that, ${sockets} sockets`, value: wantedJoins.p99Ms ?? undefined, limit: 50, sense: 'most' as const, format: milliseconds },
    ]),
  ]);
}

type TrackerFigure = {
  readonly label: string;
  readonly value: (level: TrackerLevel) => number | null;
  readonly format: (value: number) => string;
};

const FIGURES: readonly TrackerFigure[] = [
  { label: 'sockets a GiB', value: ({ socketsPerGib }) => socketsPerGib, format: whole },
  { label: 'memory a socket, KiB', value: ({ bytesPerSocket }) => bytesPerSocket, format: kib },
  { label: '  of it live, KiB', value: ({ liveBytesPerSocket }) => liveBytesPerSocket, format: kib },
  { label: 'CPU to hold them, of a core', value: ({ holdingCpuRatio }) => holdingCpuRatio, format: percent },
  { label: 'joins/s', value: ({ joins }) => joins.perSecond, format: whole },
  { label: 'joins/s on one core', value: ({ joins }) => joins.perCpuSecond, format: whole },
  { label: 'arrivals/s, with the connection', value: ({ arrivals }) => arrivals.perSecond, format: whole },
  { label: 'arrivals/s on one core', value: ({ arrivals }) => arrivals.perCpuSecond, format: whole },
  { label: 'signals/s', value: ({ signals }) => signals.perSecond, format: whole },
  { label: 'signals/s on one core', value: ({ signals }) => signals.perCpuSecond, format: whole },
  { label: `join p50, at ${WANTED_JOINS_PER_SECOND / 2} joins/s`, value: ({ wantedJoins }) => wantedJoins.p50Ms, format: milliseconds },
  { label: 'join p99, the same', value: ({ wantedJoins }) => wantedJoins.p99Ms, format: milliseconds },
  { label: 'join, longest, the same', value: ({ wantedJoins }) => wantedJoins.maxMs, format: milliseconds },
  { label: 'at half the joins/s', value: ({ pacedJoins }) => pacedJoins.perSecond, format: whole },
  { label: '  join p50', value: ({ pacedJoins }) => pacedJoins.p50Ms, format: milliseconds },
  { label: '  join p99', value: ({ pacedJoins }) => pacedJoins.p99Ms, format: milliseconds },
  { label: '  join, longest', value: ({ pacedJoins }) => pacedJoins.maxMs, format: milliseconds },
];

/** How many times the other tracker's figures ours are, level by level. */
function formatRatios({ results }: TrackerReport): string | undefined {
  const ours = results[OURS]?.levels ?? [];
  const others = results[BESIDE]?.levels ?? [];
  const pairs = ours.flatMap((level, index) => {
    const other = others[index];
    return other ? [{ level, other }] : [];
  });
  if (pairs.length === 0) return undefined;
  const ratio = (value: (level: TrackerLevel) => number | null) => pairs.map(({ level, other }) => {
    const [one, two] = [value(level), value(other)];
    return one === null || two === null || two === 0 ? '-' : hundredths(one / two);
  });
  return formatTable([
    [`${OURS} / ${BESIDE}`, ...pairs.map(({ level }) => String(level.sockets))],
    ['sockets a GiB', ...ratio(({ socketsPerGib }) => socketsPerGib)],
    ['joins/s on one core', ...ratio(({ joins }) => joins.perCpuSecond)],
    ['arrivals/s on one core', ...ratio(({ arrivals }) => arrivals.perCpuSecond)],
    ['signals/s on one core', ...ratio(({ signals }) => signals.perCpuSecond)],
    ['join p99', ...ratio(({ wantedJoins }) => wantedJoins.p99Ms)],
  ]);
}

function kib(bytes: number): string {
  return tenths(bytes / 1024);
}

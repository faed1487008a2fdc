import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser } from 'playwright-core';

import { CHROMIUM_FLAGS, findChromium, UNWANTED_FLAGS } from '../browser/chromium.js';
import { BenchError, StoppedError } from '../errors.js';
import { describeMachine } from '../machine.js';
import { writeJsonOutput } from '../output-file.js';
import type { Suite, SuiteContext } from '../suite.js';
import { measureAvSync } from './av-sync.js';
import { measureChannels } from './channels.js';
import { makeFlashFilm } from './flash-and-beep.js';
import { measureLossy } from './lossy.js';
import { measureRound, summarizeWay } from './measure-way.js';
import { ingestFlags, resolveIngestOptions, type IngestOptions } from './options.js';
import { ingestReportSchema, type IngestReport, type WayRound } from './report.js';
import { formatIngestReport } from './table.js';
import type { WayIn } from './ways/way.js';

const FILM = fileURLToPath(new URL('../../../origin/media/clip.mp4', import.meta.url));
/** A picture and a sound of the browser's own, which nobody has to allow. */
const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** How soon what somebody publishes is seen, and whether several channels at once keep up. */
export const ingestSuite: Suite = {
  name: 'ingest',
  summary: 'ways in: from the start of publishing to the first frame, and sound against picture; several channels at once',
  configure: (command) => {
    for (const flag of ingestFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveIngestOptions(flags);
    const report = await measure(options, context);
    context.print(`\n${formatIngestReport(report)}`);
    if (options.jsonPath !== undefined) context.print(`\nFigures: ${options.jsonPath}`);
    return Object.values(report.results.ways).every(({ failures }) => failures.length === 0);
  },
};

async function measure({ task, jsonPath }: IngestOptions, context: SuiteContext): Promise<IngestReport> {
  const ffmpeg = await findFfmpeg();
  const notes: string[] = [];
  const ways = task.kind === 'ways' || task.kind === 'avSync' ? task.ways.filter((way) => canPublish(way, { ffmpeg, notes })) : [];
  const report: IngestReport = {
    suite: 'ingest',
    startedAt: new Date().toISOString(),
    machine: describeMachine({ chromium: 'not used', ffmpeg: ffmpeg?.version ?? 'none' }),
    config: {
      ways: ways.map(({ name }) => name),
      rounds: task.kind === 'ways' ? task.rounds : 0,
      channels: task.kind === 'channels' ? task.channels : 0,
      seconds: task.kind === 'ways' ? 0 : task.seconds,
      lossPercent: task.kind === 'lossy' ? [...task.lossPercent] : [],
      notes,
    },
    results: { ways: {}, channels: null, lossy: [], avSync: {} },
  };
  const save = (): void => {
    // Our own schema: a figure that does not fit is a defect here, and must not be written.
    if (jsonPath !== undefined) writeJsonOutput(jsonPath, ingestReportSchema.parse(report));
  };
  for (const note of notes) context.print(note);
  if (task.kind === 'channels') {
    if (!ffmpeg) throw new BenchError(NO_FFMPEG);
    report.results.channels = await measureChannels({ ...task, ffmpegPath: ffmpeg.path, film: FILM }, context);
    save();
    return report;
  }
  const browsers = await launchBrowsers();
  const folder = await mkdtemp(join(tmpdir(), 'p2ptv-bench-'));
  report.machine.chromium = browsers.watching.version();
  try {
    if (task.kind === 'lossy') {
      for (const percent of task.lossPercent) {
        context.print(`a line that loses ${percent} % of all packets, ${task.seconds} s`);
        report.results.lossy.push(await measureLossy({ lossRatio: percent / 100, seconds: task.seconds, publishing: browsers.publishing, signal: context.signal }));
        save();
      }
      return report;
    }
    if (task.kind === 'avSync') {
      if (!ffmpeg) throw new BenchError(NO_FFMPEG);
      const film = await makeFlashFilm(ffmpeg.path, folder);
      for (const way of ways) {
        report.results.avSync[way.name] = await measureAvSync(way, { seconds: task.seconds, publishing: browsers.publishing, ffmpegPath: ffmpeg.path, film }, context);
        save();
      }
      return report;
    }
    await measureWays(ways, { rounds: task.rounds, report, save, context, surroundings: { ...browsers, ffmpegPath: ffmpeg?.path ?? '', film: FILM, signal: context.signal } });
    return report;
  } catch (error) {
    if (!(error instanceof StoppedError) || Object.keys({ ...report.results.ways, ...report.results.avSync }).length + report.results.lossy.length === 0) throw error;
    context.print(`\n${formatIngestReport(report)}\n`);
    throw new StoppedError(`Stopped: ${jsonPath ?? 'the table'} has what was finished.`);
  } finally {
    await Promise.all([browsers.watching.close(), browsers.publishing.close(), rm(folder, { recursive: true, force: true })]);
  }
}

/** In turn: what else the machine does weighs on all of them alike. */
async function measureWays(
  ways: readonly WayIn[],
  run: {
    readonly rounds: number;
    readonly report: IngestReport;
    readonly save: () => void;
    readonly context: SuiteContext;
    readonly surroundings: Parameters<typeof measureRound>[1];
  },
): Promise<void> {
  const taken = new Map(ways.map(({ name }) => [name, { rounds: [] as WayRound[], failures: [] as string[] }]));
  for (let round = 1; round <= run.rounds; round++) {
    for (const way of ways) {
      const { failure, ...times } = await measureRound(way, run.surroundings);
      const of = taken.get(way.name);
      of?.rounds.push(times);
      if (failure !== undefined) of?.failures.push(`round ${round}: ${failure}`);
      run.context.print(`${way.name}, round ${round} of ${run.rounds}: ${times.firstFrameMs === null ? (failure ?? '') : `${(times.firstFrameMs / 1000).toFixed(2)} s to the first frame`}`);
      run.report.results.ways = Object.fromEntries([...taken].filter(([, { rounds }]) => rounds.length > 0).map(([name, { rounds, failures }]) => [name, summarizeWay(rounds, failures)]));
      run.save();
    }
  }
}

type ClientFfmpeg = { readonly path: string; readonly version: string; readonly hasSrt: boolean };

const NO_FFMPEG = 'There is no ffmpeg to publish with: install it (apt install ffmpeg, brew install ffmpeg), or name one in P2PTV_FFMPEG.';

/** The publisher's own: `P2PTV_FFMPEG`, else the one on the PATH. */
async function findFfmpeg(): Promise<ClientFfmpeg | undefined> {
  const path = process.env['P2PTV_FFMPEG'] ?? 'ffmpeg';
  const version = /^ffmpeg version (\S+)/.exec(await outputOf(path, ['-version']))?.[1];
  if (version === undefined) return undefined;
  return { path, version, hasSrt: /^\s*srt$/m.test(await outputOf(path, ['-hide_banner', '-protocols'])) };
}

function outputOf(path: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => void execFile(path, args, (_error, stdout) => resolve(stdout)));
}

/** Whether this machine has the client; why not is noted. */
function canPublish({ name, protocol }: WayIn, { ffmpeg, notes }: { readonly ffmpeg: ClientFfmpeg | undefined; readonly notes: string[] }): boolean {
  if (protocol === undefined) return true;
  if (!ffmpeg) notes.push(`${name} is left out. ${NO_FFMPEG}`);
  else if (name === 'srt' && !ffmpeg.hasSrt) notes.push(`srt is left out: the ffmpeg at ${ffmpeg.path} (${ffmpeg.version}) knows no SRT; Debian's and Ubuntu's does.`);
  else return true;
  return false;
}

async function launchBrowsers(): Promise<{ readonly watching: Browser; readonly publishing: Browser }> {
  const executablePath = findChromium();
  const launch = (flags: readonly string[]): Promise<Browser> =>
    // Signals are the bench's to handle: it has more to end than browsers.
    chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS, ...flags], ignoreDefaultArgs: [...UNWANTED_FLAGS], handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false });
  return { watching: await launch([]), publishing: await launch(CAMERA_FLAGS) };
}

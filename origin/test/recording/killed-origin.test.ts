import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { recordingListSchema, seededRandom, segmentListSchema, unpackSegments, type RecordingListing } from '@p2ptv/protocol';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { buildCommand, startCommand, type RunningCommand } from '../entry/command.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const SEED = 20_261_122;
/** Each takes seconds of ffmpeg; P2PTV_KILLS=20 for a claim. */
const KILLS = Number(process.env['P2PTV_KILLS'] ?? 4);
/** A kill comes at most so long after the first chunk, ms. */
const LATEST_MS = 2_500;
/** What is shorter is no recording, ms; a part may not have been told of yet. */
const LEAST_MS = 1_000;
/** Of the test card. */
const FRAMES_PER_SECOND = 25;
const WAIT = { timeout: 40_000, interval: 20 };

let folder: ReturnType<typeof temporaryFolder>;
let running: RunningCommand | undefined;

beforeAll(() => buildCommand());
beforeEach(() => (folder = temporaryFolder()));
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.exit;
  folder.remove();
});

type Published = { readonly rendition: number; readonly sequence: number; readonly durationUs: number };

function start(): RunningCommand {
  return (running = startCommand(['start', '--host', '127.0.0.1', '--port', '0', '--data', folder.path, '--input', 'testcard', '--ladder', '180,90', '--recorded', 'yes', '--log-format', 'json', '--log-level', 'trace']));
}

async function baseOf(command: RunningCommand): Promise<string> {
  const port = (): string | undefined => /P2PTV is ready on port (\d+)/.exec(command.output())?.[1];
  await vi.waitUntil(() => port() !== undefined, WAIT);
  return `http://127.0.0.1:${port()!}`;
}

/** What it said it has published. */
function published(command: RunningCommand): Published[] {
  return command.output().split('\n').flatMap((line) => {
    if (!line.includes('Published a chunk') || !line.endsWith('}')) return [];
    return (JSON.parse(line) as { chunk: Published }).chunk;
  });
}

async function newestRecording(base: string): Promise<RecordingListing | undefined> {
  const answer: unknown = await (await fetch(`${base}/api/recordings?order=newest&limit=1`)).json();
  return recordingListSchema.parse(answer).recordings[0];
}

async function sequencesOf(base: string, id: string, rendition: number): Promise<Set<number>> {
  const answer: unknown = await (await fetch(`${base}/live/${id}/segments?rendition=${rendition}`)).json();
  const segments = unpackSegments(segmentListSchema.parse(answer).runs) ?? [];
  return new Set(segments.flatMap(({ sequence, partCount }) => Array.from({ length: partCount }, (_, index) => sequence + index)));
}

/** Reads all packets, as a player would; fails where there is anything wrong with them. */
async function packetsOf(url: string): Promise<number> {
  const { stdout, stderr } = await promisify(execFile)('ffprobe', ['-v', 'error', '-count_packets', '-select_streams', 'v', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', url]);
  expect(stderr).toBe('');
  return Number.parseInt(stdout, 10);
}

describe('an origin that is killed while it records', () => {
  it(`RC5: ${KILLS} times at random moments: the next start has all that was published in a recording that plays (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    let checked = 0;
    let command = start();
    for (let kill = 0; kill < KILLS; kill++) {
      const trace = `kill ${kill}`;
      await vi.waitUntil(() => published(command).length > 0, WAIT);
      await new Promise((resolve) => setTimeout(resolve, random.next() * LATEST_MS));
      command.child.kill('SIGKILL');
      await command.exit;
      const before = published(command);
      const bestUs = before.reduce((sum, { rendition, durationUs }) => sum + (rendition === 0 ? durationUs : 0), 0);
      // The one that finishes the recording is the next to be killed.
      command = start();
      const base = await baseOf(command);
      if (bestUs / 1000 < LEAST_MS) continue;
      const recording = await newestRecording(base);
      expect(recording, trace).toMatchObject({ state: 'ready', title: 'P2PTV' });
      for (const rendition of [0, 1]) {
        const kept = await sequencesOf(base, recording!.id, rendition);
        const lost = before.filter((chunk) => chunk.rendition === rendition && !kept.has(chunk.sequence));
        expect(lost, trace).toEqual([]);
        // Every frame of what was published: renditions are not told of at the same moment.
        const publishedUs = before.reduce((sum, chunk) => sum + (chunk.rendition === rendition ? chunk.durationUs : 0), 0);
        const packets = await packetsOf(`${base}/live/${recording!.id}/${rendition}/recording.m3u8`);
        expect(packets, trace).toBeGreaterThanOrEqual(Math.floor((publishedUs * FRAMES_PER_SECOND) / 1_000_000));
      }
      checked++;
    }
    expect(checked).toBeGreaterThanOrEqual(KILLS / 3);
  }, 900_000);
});

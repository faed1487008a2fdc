// An origin whose stream has been on air for some time and has ended: prints its URL and the stream's link, and serves until it is killed.
// node recorded-origin.mjs <data folder> <seconds> [live]; with `live` the stream goes on, a part each 200 ms.
import { spawn } from 'node:child_process';
import { channelSettingsSchema, createLogger, Origin } from '../../../origin/dist/entry/embedded.js';

const [dataFolder, secondsText, mode] = process.argv.slice(2);
const seconds = Number(secondsText);
const PART_MS = 200;
const PARTS_PER_SEGMENT = 10;
const PARTS_PER_GOP = 5;
const RENDITION = 0;

const origin = await Origin.start({
  dataFolder,
  channels: [channelSettingsSchema.parse({ slug: 'main', title: 'Recorded', dvrMinutes: 60 })],
  host: '127.0.0.1',
  port: 0,
  publicUrl: undefined,
  trackers: [],
  stunServers: [],
  tls: undefined,
  logger: createLogger({ 'log-level': 'warn', 'log-format': 'json' }),
});
const { live } = origin.channels.require('main');
const beganAtMs = Date.now() - seconds * 1000;
// The first parts are dated as those are that came late, which a real origin corrects within its first seconds: closer than they are long.
const LATE_PARTS = 5;
const LATE_STEP_MS = 20;
const firstDateMs = dateOf(0);
let count = 0;

function dateOf(part) {
  return beganAtMs + part * PART_MS + Math.max(0, LATE_PARTS - part) * (PART_MS - LATE_STEP_MS);
}

function begin(bytes) {
  live.beginSession([
    { rendition: RENDITION, bytes, codecs: 'avc1.42c00d,mp4a.40.2', width: 320, height: 180, frameRate: 30, partTargetMs: PART_MS, segmentMs: 2_000, bandwidthBitsPerSecond: 2_000_000, averageBandwidthBitsPerSecond: 800_000 },
  ]);
}

function publish(bytes) {
  live.publish({
    rendition: RENDITION,
    bytes,
    durationUs: PART_MS * 1000,
    isIndependent: count % PARTS_PER_GOP === 0,
    isSegmentLast: count % PARTS_PER_SEGMENT === PARTS_PER_SEGMENT - 1,
    programDateTimeMs: dateOf(count),
  });
  count++;
}

const input = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
const video = '-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0'.split(' ');
const output = '-c:a aac -f mp4 -movflags +empty_moov+default_base_moof+frag_keyframe+cmaf -frag_duration 200000 -flush_packets 1 pipe:1'.split(' ');
const total = mode === 'live' ? seconds + 600 : seconds;
const encoder = spawn(process.env.P2PTV_FFMPEG ?? 'ffmpeg', ['-loglevel', 'error', ...input, '-t', String(total), ...video, ...output], { stdio: ['ignore', 'pipe', 'inherit'] });
process.once('SIGTERM', () => {
  encoder.kill('SIGKILL');
  void origin.close().finally(() => process.exit());
});

let pending = Buffer.alloc(0);
let boxes = [];
for await (const bytes of encoder.stdout) {
  pending = Buffer.concat([pending, bytes]);
  while (pending.length >= 8 && pending.length >= pending.readUInt32BE(0)) {
    const size = pending.readUInt32BE(0);
    const type = pending.toString('latin1', 4, 8);
    boxes.push(pending.subarray(0, size));
    pending = pending.subarray(size);
    if (type === 'moov') begin(Buffer.concat(boxes.splice(0)));
    if (type !== 'mdat') continue;
    const isPast = count * PART_MS < seconds * 1000;
    if (!isPast) await new Promise((resolve) => setTimeout(resolve, Math.max(0, beganAtMs + (count + 1) * PART_MS - Date.now())));
    publish(Buffer.concat(boxes.splice(0)));
    if (mode === 'live' && count * PART_MS === seconds * 1000) announce();
  }
}
if (mode !== 'live') {
  live.end();
  announce();
}

async function announce() {
  const url = `http://127.0.0.1:${origin.port}`;
  const { link } = await (await fetch(`${url}/api/streams/main`)).json();
  process.stdout.write(`${JSON.stringify({ url: url.replace('127.0.0.1', 'localhost'), link: link.replaceAll('127.0.0.1', 'localhost'), firstDateMs })}\n`);
}

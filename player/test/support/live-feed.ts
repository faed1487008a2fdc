import { spawn } from 'node:child_process';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChunkHeader, ChunkSequence, RenditionId } from '@p2ptv/protocol';
import { FEED_RECORD } from './feed-record.js';
import { PartSplitter } from './part-splitter.js';

const PART_MS = FEED_RECORD.partTargetMs;
const PARTS_PER_SEGMENT = 10;
const PARTS_PER_GOP = 5;
const KEPT_PARTS = 200;

/** A stream of really encoded parts over HTTP, without signatures: for the binding alone. */
export type LiveFeed = { readonly url: string; close(): Promise<void> };

/**
 * Starts ffmpeg on a test picture and serves `/feed?after=` (JSON, waits), `/chunk/<n>` and `/init`,
 * and the pages given by path; resolves with the first part.
 */
export async function startLiveFeed(pages: Readonly<Record<string, { type: string; body: string }>>): Promise<LiveFeed> {
  const headers: ChunkHeader[] = [];
  const chunks = new Map<number, Buffer>();
  let init: Buffer | undefined;
  let startedAtMs: number | undefined;
  let waiting: (() => void)[] = [];
  let begin = (): void => {};
  const hasBegun = new Promise<void>((resolve) => (begin = resolve));
  const splitter = new PartSplitter({
    init: (bytes) => (init = bytes),
    part: (bytes) => {
      const sequence = (headers.at(-1)?.sequence ?? -1) + 1;
      startedAtMs ??= Date.now() - PART_MS;
      headers.push(headerOf(sequence, bytes.length, startedAtMs));
      chunks.set(sequence, bytes);
      chunks.delete(sequence - KEPT_PARTS);
      for (const wake of waiting.splice(0)) wake();
      waiting = [];
      begin();
    },
  });
  const encoder = spawn(process.env['P2PTV_FFMPEG'] ?? 'ffmpeg', encoderArguments(), {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  encoder.stdout.on('data', (bytes: Buffer) => splitter.push(bytes));

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://feed');
    const page = pages[url.pathname];
    if (page) send(response, page.type, page.body);
    else if (url.pathname === '/init' && init) send(response, 'video/mp4', init);
    else if (url.pathname.startsWith('/chunk/')) {
      send(response, 'video/mp4', chunks.get(Number(url.pathname.slice(7))) ?? '');
    } else if (url.pathname === '/feed') {
      const after = Number(url.searchParams.get('after'));
      const answer = (): void =>
        send(response, 'application/json', JSON.stringify(headers.filter(({ sequence }) => sequence > after)));
      if (headers.some(({ sequence }) => sequence > after)) answer();
      else waiting.push(answer);
    } else {
      response.writeHead(404).end();
    }
  });
  await listen(server);
  await hasBegun;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      encoder.kill('SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function headerOf(sequence: number, byteLength: number, startedAtMs: number): ChunkHeader {
  const partIndex = sequence % PARTS_PER_SEGMENT;
  return {
    streamId: FEED_RECORD.streamId,
    epoch: 1,
    rendition: 0 as RenditionId,
    sequence: sequence as ChunkSequence,
    mediaSequence: Math.floor(sequence / PARTS_PER_SEGMENT) + 1,
    partIndex,
    isIndependent: sequence % PARTS_PER_GOP === 0,
    isSegmentLast: partIndex === PARTS_PER_SEGMENT - 1,
    durationUs: PART_MS * 1000,
    programDateTimeMs: startedAtMs + sequence * PART_MS,
    byteLength,
    initHash: 'b'.repeat(64),
    blockHashes: [],
  };
}

function encoderArguments(): string[] {
  const input = '-re -f lavfi -i testsrc2=size=320x180:rate=30 -re -f lavfi -i sine=frequency=440:sample_rate=48000';
  const video = '-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0';
  const output = '-c:a aac -f mp4 -movflags +empty_moov+default_base_moof+frag_keyframe+cmaf -frag_duration 200000 -flush_packets 1 pipe:1';
  return `-loglevel error ${input} ${video} ${output}`.split(' ');
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

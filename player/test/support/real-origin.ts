import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** An origin in a process of its own, as `npm start` runs it. */
export type RealOrigin = {
  /** `http://localhost:<port>` */
  readonly url: string;
  /** Magnet link of its stream. */
  readonly link: string;
  close(): Promise<void>;
};

const CLI = fileURLToPath(new URL('../../../origin/dist/entry/cli.js', import.meta.url));

/** Starts an origin on a free port and waits until its stream is on air. */
export async function startRealOrigin(input = 'testcard'): Promise<RealOrigin> {
  const data = await mkdtemp(path.join(tmpdir(), 'p2ptv-player-'));
  const options = ['start', '--port', '0', '--host', '127.0.0.1', '--rtmp-port', '0', '--data', data, '--input', input];
  const origin = spawn(process.execPath, [CLI, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const url = await printedUrl(origin);
  const link = await linkOnAir(url);
  return {
    url,
    link,
    close: async () => {
      const ended = new Promise((resolve) => origin.once('exit', resolve));
      origin.kill('SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

function printedUrl(origin: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (bytes: Buffer): void => {
      output += bytes.toString();
      const port = /http:\/\/[^\s/]+:(\d+)\/watch\//.exec(output)?.[1];
      if (port !== undefined) resolve(`http://localhost:${port}`);
    };
    origin.stdout?.on('data', read);
    origin.stderr?.on('data', read);
    origin.once('exit', () => reject(new Error(`The origin ended:\n${output}`)));
  });
}

async function linkOnAir(url: string): Promise<string> {
  for (;;) {
    const response = await fetch(`${url}/api/streams/main`);
    const listing = (await response.json()) as { state: string; link: string };
    if (listing.state === 'live') return listing.link;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

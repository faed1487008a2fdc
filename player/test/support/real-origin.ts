import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** An origin in a process of its own, as `npm start` runs it. */
export type RealOrigin = {
  /** `http://localhost:<port>` */
  readonly url: string;
  /** Magnet link of its stream; empty where nothing is on air yet. */
  readonly link: string;
  /** The administrator's, where it was made at this start. */
  readonly password: string | undefined;
  /** Where it keeps keys and recordings. */
  readonly data: string;
  /** Ends it as a crash does (SIGKILL); its data folder stays. */
  kill(): Promise<void>;
  close(): Promise<void>;
};

/** What a restart keeps; and whether somebody publishes only later, so that nothing is on air at first. */
export type RealOriginOptions = {
  readonly port?: string;
  readonly data?: string;
  readonly isPublishedLater?: boolean;
  readonly ladder?: string;
  readonly isRecorded?: boolean;
  /** A file that lists channels, instead of an input. */
  readonly config?: string;
  readonly rtmpPort?: number;
};

const CLI = fileURLToPath(new URL('../../../origin/dist/entry/cli.js', import.meta.url));

/**
 * Starts an origin on a free port and waits until its stream is on air. With P2PTV_SFU=mediasoup in the environment, a
 * mediasoup worker takes what comes by WebRTC.
 */
export async function startRealOrigin(input = 'testcard', kept: RealOriginOptions = {}): Promise<RealOrigin> {
  const data = kept.data ?? (await mkdtemp(path.join(tmpdir(), 'p2ptv-player-')));
  const options = [
    ...['start', '--port', kept.port ?? '0', '--host', '127.0.0.1', '--rtmp-port', String(kept.rtmpPort ?? 0), '--data', data],
    ...(kept.config === undefined ? ['--input', input] : ['--config', kept.config]),
    ...(kept.ladder === undefined ? [] : ['--ladder', kept.ladder]),
    ...(process.env['P2PTV_SFU'] === undefined ? [] : ['--sfu', process.env['P2PTV_SFU']]),
    ...(kept.isRecorded === true ? ['--recorded', 'yes'] : []),
  ];
  const origin = spawn(process.execPath, [CLI, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { url, password } = await printed(origin);
  const link = kept.isPublishedLater === true ? '' : await linkOnAir(url);
  return {
    url,
    link,
    password,
    data,
    kill: () => endWith(origin, 'SIGKILL'),
    close: async () => {
      await endWith(origin, 'SIGTERM');
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function endWith(origin: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => origin.once('exit', resolve));
  origin.kill(signal);
  await ended;
}

function printed(origin: ChildProcess): Promise<Pick<RealOrigin, 'url' | 'password'>> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (bytes: Buffer): void => {
      output += bytes.toString();
      const port = /http:\/\/[^\s/]+:(\d+)\/watch\//.exec(output)?.[1];
      // The last of what it prints at its start.
      if (port === undefined || !output.includes('is ready on port')) return;
      resolve({ url: `http://localhost:${port}`, password: /password +(\S+)/.exec(output)?.[1] });
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

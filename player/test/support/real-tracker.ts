import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A tracker in a process of its own. */
export type RealTracker = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Ends it as a crash does (SIGKILL). */
  kill(): Promise<void>;
};

const CLI = fileURLToPath(new URL('../../../tracker/dist/entry/cli.js', import.meta.url));

/** Starts a tracker on a free port and waits until it answers. */
export async function startRealTracker(): Promise<RealTracker> {
  const data = await mkdtemp(path.join(tmpdir(), 'p2ptv-tracker-'));
  const options = ['--port', '0', '--host', '127.0.0.1', '--data', data];
  const tracker = spawn(process.execPath, [CLI, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => tracker.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    tracker.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (address !== undefined) resolve(address);
    });
    void ended.then(() => reject(new Error(`The tracker ended:\n${output}`)));
  });
  return {
    url,
    kill: async () => {
      tracker.kill('SIGKILL');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

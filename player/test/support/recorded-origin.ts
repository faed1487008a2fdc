import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** An origin in a process of its own whose stream has been on air for some time. */
export type RecordedOrigin = {
  readonly url: string;
  readonly link: string;
  /** Program date-time of the first frame, ms. */
  readonly firstDateMs: number;
  close(): Promise<void>;
};

const SCRIPT = fileURLToPath(new URL('recorded-origin.mjs', import.meta.url));

/** Starts one whose stream is so long, and has ended or is still live; its media are encoded as fast as they can be. */
export async function startRecordedOrigin(seconds: number, mode: 'ended' | 'live'): Promise<RecordedOrigin> {
  const data = await mkdtemp(path.join(tmpdir(), 'p2ptv-recorded-'));
  const origin = spawn(process.execPath, [SCRIPT, data, String(seconds), mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => origin.once('exit', resolve));
  const told = await new Promise<Omit<RecordedOrigin, 'close'>>((resolve, reject) => {
    let output = '';
    origin.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      const line = /^\{.*\}$/m.exec(output)?.[0];
      if (line !== undefined) resolve(JSON.parse(line) as Omit<RecordedOrigin, 'close'>);
    });
    void ended.then(() => reject(new Error(`The origin ended:\n${output}`)));
  });
  return {
    ...told,
    close: async () => {
      origin.kill('SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';

import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { buildCommand, startCommand, type RunningCommand } from './command.js';

const folder = temporaryFolder();
const running: RunningCommand[] = [];
beforeAll(buildCommand, 300_000);
afterEach(async () => {
  for (const { child, exit } of running.splice(0)) {
    child.kill('SIGKILL');
    await exit;
  }
});
afterAll(() => folder.remove());

const WAIT = { timeout: 60_000, interval: 50 };

function start(stdin: 'ignore' | 'pipe', ...args: string[]): RunningCommand {
  const command = startCommand(['start', '--input', '-', '--host', '127.0.0.1', '--port', '0', '--data', join(folder.path, stdin), '--log-format', 'json', ...args], {}, stdin);
  running.push(command);
  return command;
}

it('what is piped in goes live, and ends with the pipe', async () => {
  const { path } = await locateFfmpeg();
  const command = start('pipe');
  const publisher = spawn(
    path,
    [
      ...['-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=6', '-re', '-f', 'lavfi', '-i', 'sine=duration=6'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'matroska', '-'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  publisher.stdout.pipe(command.child.stdin!);
  const port = await vi.waitFor(() => Number(/"port":(\d+)/.exec(command.output())![1]), WAIT);
  const stateIs = (state: string): Promise<void> =>
    vi.waitFor(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/api/streams/main`);
      expect(await response.json()).toMatchObject({ state });
    }, WAIT);
  await stateIs('live');
  await stateIs('ended');
  expect(await (await fetch(`http://127.0.0.1:${port}/live/main/0/live.m3u8`)).text()).toContain('#EXT-X-ENDLIST');
  expect(command.output()).toContain('All has come from standard input: the stream ends.');
  expect(command.output()).not.toContain('it may return');
});

it('says in one sentence that nothing is piped in', async () => {
  const command = start('ignore');
  expect(await command.exit).toBe(1);
  expect(command.errors()).toMatch(/^There is nothing on standard input: pipe a stream into it, .*\n$/);
});

it('says why what is piped in cannot be shown', async () => {
  const command = start('pipe');
  command.child.stdin!.end('This is no film.'.repeat(1000));
  await vi.waitFor(() => expect(command.output()).toMatch(/Nothing can be had from standard input: /), WAIT);
});

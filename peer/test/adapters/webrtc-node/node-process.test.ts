import { fork, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Signal } from '@p2ptv/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../bundle.js';
import { LinkRecorder } from '../link-contract.js';
import { numberedPeerId, SignalRelay, type Seat } from '../webrtc/signal-relay.js';
import { nodeSeat } from './node-seat.js';

describe('WebRTC between Node processes', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  let seat: Seat | undefined;

  beforeAll(async () => {
    // Inside the workspace, so that the bundle finds the native module.
    const parent = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));
    await mkdir(parent, { recursive: true });
    folder = await mkdtemp(join(parent, 'child-peer-'));
    await writeFile(join(folder, 'child-peer.mjs'), await bundle(new URL('./child-peer.ts', import.meta.url), 'node'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  afterEach(() => {
    child?.kill('SIGKILL');
    seat?.transport.close();
  });

  /** Links to a child process; returns our end. */
  async function linkToChild(): Promise<{ recorder: LinkRecorder; exit: Promise<[number | null, string | null]> }> {
    const relay = new SignalRelay();
    const own = (seat = await nodeSeat(relay, 1));
    const started = fork(join(folder, 'child-peer.mjs'), { stdio: 'inherit', execArgv: [] });
    child = started;
    const exit = new Promise<[number | null, string | null]>((resolve) =>
      started.once('exit', (code, signal) => resolve([code, signal])),
    );
    let isReady = false;
    started.on('message', (message: { signal?: Signal; ready?: boolean }) => {
      isReady ||= message.ready === true;
      if (message.signal) own.transport.signal(message.signal);
    });
    relay.relay = (signal) => void started.send({ signal });
    relay.admit(own);
    await expect.poll(() => isReady).toBe(true);
    own.transport.dial(numberedPeerId(2));
    await expect.poll(() => own.opened.length, { interval: 5 }).toBe(1);
    return { recorder: new LinkRecorder(own.opened[0]!.link).listen(), exit };
  }

  it('lets a process end by itself once its transport is closed', async () => {
    const { recorder, exit } = await linkToChild();
    child?.send({ close: true });
    await expect.poll(() => recorder.ends).toEqual(['remote']);
    expect(await exit).toEqual([0, null]);
  });

  it('ends the link when the other process is killed', async () => {
    const { recorder, exit } = await linkToChild();
    child?.kill('SIGKILL');
    await exit;
    // The library gives a silent path thirty seconds, on a busy machine more than forty.
    await expect.poll(() => recorder.ends, { timeout: 100_000, interval: 50 }).toEqual(['remote']);
  });
});

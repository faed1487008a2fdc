import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { chromiumPath, FLAGS } from './chromium.js';

/** A tab of one window. */
export interface RawTab {
  /** Evaluates an expression; a promise's value is awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Brings it to the front, which hides the other tabs. */
  show(): Promise<void>;
}

/**
 * Chromium over the bare DevTools protocol. playwright pretends that every page is shown and has the
 * focus; here tabs hide each other as a viewer's do, timers throttled.
 */
export interface RawChromium {
  open(url: string): Promise<RawTab>;
  close(): Promise<void>;
}

type Answer = { readonly id: number; readonly result?: Record<string, unknown>; readonly error?: { message: string } };

export async function launchRawChromium(): Promise<RawChromium> {
  const profile = await mkdtemp(path.join(tmpdir(), 'p2ptv-chromium-'));
  const args = ['--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...FLAGS, 'about:blank'];
  const browser = spawn(chromiumPath(), args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const send = commandPipe(browser.stdio[3] as Writable, browser.stdio[4] as Readable);
  return {
    open: async (url) => {
      const { targetId } = await send('Target.createTarget', { url });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      return {
        evaluate: async (expression) => {
          const params = { expression, returnByValue: true, awaitPromise: true };
          const { result } = await send('Runtime.evaluate', params, String(sessionId));
          return (result as { value?: unknown }).value;
        },
        show: async () => {
          await send('Target.activateTarget', { targetId });
        },
      };
    },
    close: async () => {
      const ended = new Promise((resolve) => browser.once('exit', resolve));
      await send('Browser.close', {});
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Send = (method: string, params: object, sessionId?: string) => Promise<Record<string, unknown>>;

/** Messages are JSON texts, each ended by a zero byte. */
function commandPipe(commands: Writable, answers: Readable): Send {
  const waiting = new Map<number, { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let pending = '';
  answers.on('data', (bytes: Buffer) => {
    const texts = (pending + bytes.toString()).split('\0');
    pending = texts.pop() ?? '';
    for (const text of texts) {
      const answer = JSON.parse(text) as Answer;
      const { resolve, reject } = waiting.get(answer.id) ?? {};
      waiting.delete(answer.id);
      if (answer.error) reject?.(new Error(answer.error.message));
      else resolve?.(answer.result ?? {});
    }
  });
  return (method, params, sessionId) => {
    const id = ++lastId;
    commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
}

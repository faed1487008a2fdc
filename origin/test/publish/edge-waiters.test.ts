import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Writable } from 'node:stream';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { EdgeWaiters, type WaitOutcome } from '../../src/publish/edge-waiters.js';

let waiters: EdgeWaiters;
beforeEach(() => (waiters = new EdgeWaiters()));
afterEach(() => waiters.close());

const never = (): boolean => false;
const newSocket = (sent?: () => void): Writable =>
  new Writable({
    write: (_bytes, _encoding, done) => {
      sent?.();
      done();
    },
  });
const responseOn = (socket: object): ServerResponse => Object.assign(new EventEmitter(), { socket, req: { socket }, destroyed: false }) as never;
const waitOn = (socket: object): Promise<WaitOutcome> => waiters.until(never, { timeoutMs: 60_000, response: responseOn(socket) });

it('sixteen requests of one connection wait, and their places are free again afterwards', async () => {
  const socket = newSocket();
  let isReady = false;
  const first = Array.from({ length: 16 }, () => waiters.until(() => isReady, { timeoutMs: 60_000, response: responseOn(socket) }));
  expect(await waitOn(socket)).toBe('full');
  void waitOn({});
  expect(waiters.size).toBe(17);
  isReady = true;
  waiters.wake();
  expect(new Set(await Promise.all(first))).toEqual(new Set(['ready']));
  for (let index = 0; index < 16; index++) void waitOn(socket);
  expect(waiters.size).toBe(17);
  expect(await waitOn(socket)).toBe('full');
});

it('requests behind one another on a connection count too, and are gone when it closes', async () => {
  const outcomes: WaitOutcome[] = [];
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  const server = createServer((_request, response) => waiters.wait(never, { timeoutMs: 60_000, response }, (outcome) => outcomes.push(outcome)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n'.repeat(20));
  await expect.poll(() => waiters.size + outcomes.length).toBe(20);
  expect(waiters.size).toBe(16);
  expect(outcomes).toEqual(['full', 'full', 'full', 'full']);
  client.destroy();
  await expect.poll(() => waiters.size).toBe(0);
  expect(outcomes.slice(4)).toEqual(Array.from({ length: 16 }, () => 'gone'));
  server.close();
  await once(server, 'close');
  process.off('warning', warned);
  expect(warnings).toEqual([]);
});

it('twenty thousand wait in all, and what is ready needs no place', async () => {
  for (let index = 0; index < 20_000; index++) void waitOn({});
  expect(waiters.size).toBe(20_000);
  expect(await waitOn({})).toBe('full');
  expect(await waiters.until(() => true, { timeoutMs: 1, response: responseOn({}) })).toBe('ready');
});

it('who waits is told once, in the midst of the wake', () => {
  const told: WaitOutcome[] = [];
  let isReady = false;
  waiters.wait(() => isReady, { timeoutMs: 60_000, response: responseOn(newSocket()) }, (outcome) => told.push(outcome));
  waiters.wake();
  expect(told).toEqual([]);
  isReady = true;
  waiters.wake();
  expect(told).toEqual(['ready']);
  waiters.wake();
  waiters.close();
  expect(told).toEqual(['ready']);
  waiters.wait(never, { timeoutMs: 60_000, response: responseOn(newSocket()) }, (outcome) => told.push(outcome));
  expect(told).toEqual(['ready', 'closed']);
});

it('what they are sent leaves in batches, and all of it within the wake', () => {
  const events: string[] = [];
  let isReady = false;
  for (let index = 0; index < 100; index++) {
    const socket = newSocket(() => events.push('sent'));
    waiters.wait(() => isReady, { timeoutMs: 60_000, response: responseOn(socket) }, () => {
      events.push('told');
      socket.write('answer');
    });
  }
  isReady = true;
  waiters.wake();
  const times = (count: number, event: string): string[] => Array.from({ length: count }, () => event);
  expect(events).toEqual([...times(64, 'told'), ...times(64, 'sent'), ...times(36, 'told'), ...times(36, 'sent')]);
});

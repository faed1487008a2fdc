import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  neighboursAnswerSchema,
  TRACKER_SOCKET_PATH,
  type PeerToTrackerEvents,
  type TrackerJoinAnswer,
  type TrackerToPeerEvents,
  type JoinRequest,
} from '@p2ptv/protocol';
import Fastify from 'fastify';
import { io, type Socket } from 'socket.io-client';
import { onTestFinished } from 'vitest';
import { registerTracker, type RegisterTrackerOptions } from '../../src/index.js';
import { joinRequest } from '../core/tracker-world.js';

export type PeerSocket = Socket<TrackerToPeerEvents, PeerToTrackerEvents>;

/** A new folder, removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'p2ptv-tracker-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A tracker on a free loopback port, closed when the test is over. */
export async function startTracker(options: Partial<RegisterTrackerOptions> = {}) {
  const fastify = Fastify({ forceCloseConnections: true });
  const handle = await registerTracker(fastify, {
    ...options,
    dataFolder: options.dataFolder ?? (await temporaryFolder()),
  });
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => fastify.close());
  return { fastify, handle, url };
}

/** A connected client that doesn't come back by itself. */
export async function connectTo(
  url: string,
  transport: 'websocket' | 'polling' = 'websocket',
  extraHeaders: Record<string, string> = {},
): Promise<PeerSocket> {
  const socket: PeerSocket = io(url, {
    path: TRACKER_SOCKET_PATH,
    transports: [transport],
    reconnection: false,
    forceNew: true,
    extraHeaders,
  });
  onTestFinished(() => void socket.disconnect());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

export async function joinBy(
  socket: PeerSocket,
  index: number,
  change: Partial<JoinRequest> = {},
): Promise<TrackerJoinAnswer> {
  const answer: unknown = await socket.timeout(30_000).emitWithAck('join', joinRequest(index, change));
  return answer as TrackerJoinAnswer;
}

/** Joins, and fails the test if that is refused. */
export async function enter(
  socket: PeerSocket,
  index: number,
  change: Partial<JoinRequest> = {},
): Promise<Extract<TrackerJoinAnswer, { kind: 'joined' }>> {
  const answer = await joinBy(socket, index, change);
  if (answer.kind !== 'joined') throw new Error(`refused: ${answer.code}`);
  return answer;
}

/** The next message of a kind. */
export function next<Name extends keyof TrackerToPeerEvents>(
  socket: PeerSocket,
  event: Name,
): Promise<Parameters<TrackerToPeerEvents[Name]>[0]> {
  return new Promise((resolve) => {
    const listener = ((message: never) => resolve(message)) as never;
    socket.once(event, listener);
  });
}

/** Why the connection ended. */
export function ended(socket: PeerSocket): Promise<string> {
  return new Promise((resolve) => socket.once('disconnect', resolve));
}

/** Sends whatever one likes. */
export function sendAnything(socket: PeerSocket, event: string, ...message: unknown[]): void {
  (socket as unknown as { emit(event: string, ...message: unknown[]): void }).emit(event, ...message);
}

/** Proves that a bystander was not touched: it is still connected, and still answered. */
export async function isServed(socket: PeerSocket): Promise<boolean> {
  const wanted = { count: 1, exclude: [] };
  const answer: unknown = await socket.timeout(30_000).emitWithAck('neighboursWanted', wanted);
  return socket.connected && neighboursAnswerSchema.safeParse(answer).success;
}

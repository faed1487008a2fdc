import type { StreamId } from '@p2ptv/protocol';
import { describe, expect, it, vi } from 'vitest';

import { originJoin, STREAM } from '../core/tracker-world.js';
import { connectTo, joinBy, startTracker } from './tracker-harness.js';

const TOKEN = 'head.body.signature';

describe('a tracker of private streams', () => {
  it('TR9: lets in who shows the right viewer token, and refuses others with VIEWER_TOKEN', async () => {
    const asked: [StreamId, string | undefined][] = [];
    const mayWatch = (streamId: StreamId, token: string | undefined): Promise<boolean> => {
      asked.push([streamId, token]);
      return Promise.resolve(token === TOKEN);
    };
    const { url, handle } = await startTracker({ mayWatch });
    expect(await joinBy(await connectTo(url), 1)).toMatchObject({ kind: 'refused', code: 'VIEWER_TOKEN' });
    expect(await joinBy(await connectTo(url), 2, { viewerToken: 'another.body.signature' })).toMatchObject({ kind: 'refused', code: 'VIEWER_TOKEN' });
    expect(handle.viewerCount(STREAM)).toBe(0);
    expect(await joinBy(await connectTo(url), 3, { viewerToken: TOKEN })).toMatchObject({ kind: 'joined' });
    expect(handle.viewerCount(STREAM)).toBe(1);
    expect(asked).toEqual([[STREAM, undefined], [STREAM, 'another.body.signature'], [STREAM, TOKEN]]);
  });

  it('TR9: a volunteer who seeds needs one, the publisher does not', async () => {
    const { url } = await startTracker({ mayWatch: () => false });
    expect(await joinBy(await connectTo(url), 1, { role: 'seeder' })).toMatchObject({ code: 'VIEWER_TOKEN' });
    expect(await joinBy(await connectTo(url), 2, originJoin(2, Date.now()))).toMatchObject({ kind: 'joined' });
  });

  it('TR9: tells strangers nothing of a swarm that they may not join', async () => {
    let isPrivate = true;
    const { url, handle } = await startTracker({ mayWatch: (_streamId, token) => Promise.resolve(!isPrivate || token === TOKEN) });
    expect(await joinBy(await connectTo(url), 1, { viewerToken: TOKEN })).toMatchObject({ kind: 'joined' });
    const shown = async (): Promise<unknown> => (await fetch(`${url}/api/swarms`)).json();
    expect(await shown()).toEqual([]);
    expect(handle.scrape()).toMatchObject([{ streamId: STREAM, viewers: 1 }]);
    isPrivate = false;
    expect(await shown()).toMatchObject([{ streamId: STREAM, viewers: 1 }]);
  });

  it('TR9: a text that is no token is a bad request', async () => {
    const { url } = await startTracker({ mayWatch: () => true });
    expect(await joinBy(await connectTo(url), 1, { viewerToken: 'no token' })).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('forgets who has gone while its token was looked at', async () => {
    let decide: (isAllowed: boolean) => void = () => undefined;
    const mayWatch = vi.fn(() => new Promise<boolean>((resolve) => (decide = resolve)));
    const { url, handle, fastify } = await startTracker({ mayWatch });
    const socket = await connectTo(url);
    joinBy(socket, 1).catch(() => undefined);
    await vi.waitFor(() => expect(mayWatch).toHaveBeenCalled());
    socket.disconnect();
    const connections = (): Promise<number> => new Promise((resolve) => fastify.server.getConnections((_error, count) => resolve(count)));
    await vi.waitFor(async () => expect(await connections()).toBe(0));
    decide(true);
    await Promise.resolve();
    expect(handle.viewerCount(STREAM)).toBe(0);
  });

  it('closes the connection of a join whose token could not be looked at', async () => {
    const { url } = await startTracker({ mayWatch: () => Promise.reject(new Error('the check failed')) });
    const socket = await connectTo(url);
    const ended = new Promise((resolve) => void socket.once('disconnect', resolve));
    joinBy(socket, 1).catch(() => undefined);
    await ended;
  });
});

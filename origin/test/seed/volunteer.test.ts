import type { PeerSession } from '@p2ptv/peer';
import { formatMagnetLink, type RecordingListing, type StreamLink, type StreamListing } from '@p2ptv/protocol';
import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest';

import { Volunteer } from '../../src/seed/volunteer.js';
import { publisher } from '../package/stream-fixture.js';

const CHANNEL = linkTo('main');
const RECORDING = linkTo('recorded');
const LISTING: StreamListing = {
  ...{ slug: 'main', streamId: CHANNEL.streamId, title: 'A', state: 'live', viewers: 0, width: 640, height: 360 },
  ...{ link: '', watchPath: '/watch/main', startedAtMs: 0, description: '', tags: [], seeders: 1, heights: [360] },
};
const NEWEST: RecordingListing = {
  ...{ id: 'recorded', channel: 'main', title: 'A', description: '', tags: [], state: 'ready', startedAtMs: 0, durationMs: 1, byteLength: 1 },
  ...{ width: 640, height: 360, viewers: 0, seeders: 0, link: formatMagnetLink(RECORDING), watchPath: '/watch/recordings/recorded' },
};
const MOST_ASKED = 50;

/** What was asked for, by path and query. */
let asked: string[];
/** What the origin answers; undefined: not yet. */
let answer: (path: string) => Response | Promise<Response> | undefined;
let fetching: MockInstance;

beforeEach(() => {
  asked = [];
  fetching = vi.spyOn(globalThis, 'fetch').mockImplementation((url, how) => {
    const path = (url as string).replace('http://127.0.0.1:9', '');
    asked.push(path);
    const aborted = new Promise<never>((_resolve, reject) => how?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    return Promise.race([aborted, ...[answer(path) ?? []].flat()]);
  });
});
afterEach(() => fetching.mockRestore());

function linkTo(slug: string): StreamLink {
  return { streamId: publisher.streamId('main'), publicKey: publisher.publicKey, title: 'A', trackers: [], origins: [`http://127.0.0.1:9/live/${slug}`] };
}

/** A volunteer whose sessions join at once what is as it is said to be. */
function volunteerOn(link: StreamLink, isEnded: boolean): Volunteer {
  const session = {
    on: (name: string, told: (event: unknown) => void) => {
      if (name === 'joined') queueMicrotask(() => told({ record: { title: 'A', isEnded } }));
    },
    start: () => undefined,
    close: (closed: () => void) => closed(),
  } as unknown as PeerSession;
  return new Volunteer({ link, open: () => session, logger: { info: () => undefined, warn: () => undefined } });
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < MOST_ASKED; turn++) await new Promise(setImmediate);
}

it('an origin that answers at once, and nothing new, is not asked all the time', async () => {
  answer = () => (asked.length < MOST_ASKED ? Response.json(LISTING) : undefined);
  const volunteer = volunteerOn(CHANNEL, false);
  await turns();
  expect(asked).toHaveLength(1);
  await volunteer.close();
});

it('RC11: one that comes when a channel’s stream has ended serves the newest recording, and what is live once it goes on', async () => {
  let wentOn: (listing: Response) => void = () => undefined;
  answer = (path) => {
    switch (path) {
      case '/api/streams/main':
        return Response.json({ ...LISTING, state: 'ended' });
      case '/api/recordings?channel=main&order=newest&limit=1':
        return Response.json({ total: 1, recordings: [NEWEST] });
      case '/api/streams/main?unlike=ended':
        return new Promise((resolve) => (wentOn = resolve));
      case '/api/streams/main?unlike=live':
        return undefined;
      default:
        return new Response('', { status: 404 });
    }
  };
  const volunteer = volunteerOn(CHANNEL, true);
  await turns();
  expect(volunteer.link.origins).toEqual(RECORDING.origins);
  wentOn(Response.json(LISTING));
  await turns();
  expect(volunteer.link.origins).toEqual(CHANNEL.origins);
  await volunteer.close();
});

it('RC11: one with the link of a recording serves that, and asks for no other', async () => {
  answer = (path) => (path === '/api/recordings/recorded' ? Response.json(NEWEST) : undefined);
  const volunteer = volunteerOn(RECORDING, true);
  await turns();
  expect(asked).toEqual(['/api/recordings/recorded']);
  expect(volunteer.link).toBe(RECORDING);
  await volunteer.close();
});

import type { PeerSession } from '@p2ptv/peer';
import type { StreamLink, StreamListing } from '@p2ptv/protocol';
import { expect, it, vi } from 'vitest';

import { Volunteer } from '../../src/seed/volunteer.js';
import { publisher } from '../package/stream-fixture.js';

const LINK: StreamLink = { streamId: publisher.streamId('main'), publicKey: publisher.publicKey, title: 'A', trackers: [], origins: ['http://127.0.0.1:9/live/main'] };
const LISTING: StreamListing = {
  ...{ slug: 'main', streamId: LINK.streamId, title: 'A', state: 'live', viewers: 0, width: 640, height: 360 },
  ...{ link: '', watchPath: '/watch/main', startedAtMs: 0, description: '', tags: [], seeders: 1, heights: [360] },
};
const MOST_ASKED = 50;

it('an origin that answers at once, and nothing new, is not asked all the time', async () => {
  let asked = 0;
  const answers = vi.spyOn(globalThis, 'fetch').mockImplementation(() => (++asked < MOST_ASKED ? Promise.resolve(Response.json(LISTING)) : new Promise(() => undefined)));
  try {
    const session = {
      on: (name: string, told: (event: unknown) => void) => {
        if (name === 'joined') queueMicrotask(() => told({ record: { title: 'A', isEnded: false } }));
      },
      start: () => undefined,
      close: (closed: () => void) => closed(),
    } as unknown as PeerSession;
    const volunteer = new Volunteer({ link: LINK, open: () => session, logger: { info: () => undefined, warn: () => undefined } });
    for (let turn = 0; turn < MOST_ASKED; turn++) await new Promise(setImmediate);
    expect(asked).toBe(1);
    await volunteer.close();
  } finally {
    answers.mockRestore();
  }
});

import { expect, it } from 'vitest';

import { PublisherPresence } from '../../src/ingest/publisher-presence.js';

it('tells of whoever is refused once a minute for each reason, and leaves no timer when it is closed', () => {
  const timers: { delayMs: number; onTimeout: () => void }[] = [];
  const presence = new PublisherPresence({
    startTimer: (delayMs, onTimeout) => {
      const timer = { delayMs, onTimeout };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  });
  const told: string[] = [];
  presence.on('publisherRefused', ({ reason }) => told.push(reason));
  for (const reason of ['wrong', 'wrong', 'none', 'wrong']) presence.refuse('port 1', reason);
  expect(told).toEqual(['wrong', 'none']);
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([60_000, 60_000]);
  timers.shift()!.onTimeout();
  for (const reason of ['wrong', 'none']) presence.refuse('port 1', reason);
  expect(told).toEqual(['wrong', 'none', 'wrong']);
  presence.close();
  expect(timers).toEqual([]);
});

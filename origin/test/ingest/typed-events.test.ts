import { expect, it } from 'vitest';

import { TypedEvents } from '../../src/ingest/typed-events.js';

type Events = { readonly happened: { readonly count: number } };

it('a listener that throws hurts nobody else, and its error is reported', () => {
  const errors: unknown[] = [];
  const events = new TypedEvents<Events>((error) => errors.push(error));
  const heard: number[] = [];
  events.on('happened', () => {
    throw new Error('mine');
  });
  events.on('happened', ({ count }) => heard.push(count));
  events.emit('happened', { count: 1 });
  expect(heard).toEqual([1]);
  expect(errors).toEqual([new Error('mine')]);
});

it('the returned function ends one subscription only, even of a function subscribed twice', () => {
  const events = new TypedEvents<Events>();
  const heard: number[] = [];
  const listener = ({ count }: Events['happened']): number => heard.push(count);
  const off = events.on('happened', listener);
  events.on('happened', listener);
  off();
  off();
  events.emit('happened', { count: 7 });
  expect(heard).toEqual([7]);
});

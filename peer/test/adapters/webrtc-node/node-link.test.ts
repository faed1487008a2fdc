import { expect } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignalRelay } from '../webrtc/signal-relay.js';
import { describeLinkContract } from '../describe-link-contract.js';
import { nodeSeat } from './node-seat.js';

describeLinkContract('node-datachannel', async () => {
  const relay = new SignalRelay();
  // More time than a busy machine takes.
  const patience = { dialTimeoutMs: 60_000 };
  const [left, right] = [await nodeSeat(relay, 1, patience), await nodeSeat(relay, 2, patience)];
  relay.admit(left);
  relay.admit(right);
  left.transport.dial(right.peerId);
  await expect.poll(() => left.opened.length + right.opened.length, { timeout: 60_000, interval: 5 }).toBe(2);
  return {
    left: left.opened[0]!.link,
    right: right.opened[0]!.link,
    until: async (condition) => {
      await expect.poll(condition, { interval: 5 }).toBe(true);
    },
    // Nothing tells that nothing more will come: loopback needs a few milliseconds.
    settle: () => sleep(100),
    close: () => {
      left.transport.close();
      right.transport.close();
      return Promise.resolve();
    },
  };
}, { canVanish: false });

/** A peer in a process of its own: signals go through the parent. It ends by itself, or not at all. */
import type { Signal } from '@p2ptv/protocol';
import { numberedPeerId, SignalRelay } from '../webrtc/signal-relay.js';
import { nodeSeat } from './node-seat.js';

const relay = new SignalRelay();
const relayInProcess = relay.relay.bind(relay);
relay.relay = (signal) => {
  if (signal.to === numberedPeerId(2)) relayInProcess(signal);
  else process.send?.({ signal });
};
const seat = await nodeSeat(relay, 2);
relay.admit(seat, 'seeder');

process.on('message', (message: { signal?: Signal; close?: boolean }) => {
  if (message.signal) seat.transport.signal(message.signal);
  if (!message.close) return;
  // No process.exit: what is left must not keep the process alive.
  seat.transport.close();
  process.disconnect();
});
process.send?.({ ready: true });

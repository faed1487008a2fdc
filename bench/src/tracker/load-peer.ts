import { WebSocket } from 'ws';

import { monotonicMs } from '../load/monotonic-ms.js';
import type { PeerDialogue } from './systems/system.js';

/** Where a {@link LoadPeer} connects, and from where. */
export type LoadPeerTarget = {
  readonly url: string;
  /** The address that it says it has. */
  readonly address: string;
  /** The one that it really connects from; undefined: the system's choice. */
  readonly localAddress: string | undefined;
  readonly dialogue: PeerDialogue;
};

/** What a {@link LoadPeer} tells its crowd. */
export type LoadPeerListener = {
  readonly joined: (peer: LoadPeer) => void;
  readonly signalled: (peer: LoadPeer) => void;
  /** Refused by the tracker, or cut off. */
  readonly failed: (peer: LoadPeer, reason: string) => void;
};

/** One peer of the load: a WebSocket, and what is said over it. */
export class LoadPeer {
  readonly dialogue: PeerDialogue;
  readonly #socket: WebSocket;
  readonly #listener: LoadPeerListener;
  /** When what it waits for was asked for, monotonic ms. */
  askedAtMs = 0;
  /** It has asked for something, and waits. */
  isBusy = true;
  isJoined = false;
  isClosed = false;
  /** Its crowd has counted it among its peers. */
  isCounted = false;
  /** When its next report is due, monotonic ms. */
  #reportAtMs = Infinity;
  /** When it said something last that counts against its socket's allowance, monotonic ms. */
  spokeAtMs = 0;

  /** Opens a connection, and joins by it as soon as it can. */
  constructor(target: LoadPeerTarget, listener: LoadPeerListener) {
    this.dialogue = target.dialogue;
    this.#listener = listener;
    this.#socket = new WebSocket(target.url, {
      perMessageDeflate: false,
      headers: { 'x-forwarded-for': target.address },
      localAddress: target.localAddress,
    });
    this.#socket.on('open', () => {
      if (this.dialogue.isReadyAtOpen) this.#join();
    });
    this.#socket.on('message', (data: Buffer) => this.#received(data.toString()));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', (code) => this.#fail(`closed with ${code}`));
  }

  /** Leaves, and joins under another name. */
  rejoin(askedAtMs: number): void {
    this.askedAtMs = askedAtMs;
    for (const text of this.dialogue.leave()) this.#socket.send(text);
    this.#join();
  }

  /** Says a message that has no answer. */
  say(text: string): void {
    this.#socket.send(text);
  }

  /** Says that it is alive, if that is due within the time given. */
  reportIfDue({ nowMs, withinMs }: { readonly nowMs: number; readonly withinMs: number }): void {
    if (!this.isJoined || nowMs + withinMs < this.#reportAtMs) return;
    const report = this.dialogue.report();
    if (report === undefined) return;
    this.#reportAtMs = nowMs + (this.dialogue.reportIntervalMs ?? Infinity);
    this.#socket.send(report);
  }

  /** Hangs up. */
  close(): void {
    this.isClosed = true;
    this.isJoined = false;
    this.#socket.terminate();
  }

  #join(): void {
    this.isBusy = true;
    this.isJoined = false;
    for (const text of this.dialogue.join()) this.#socket.send(text);
  }

  #received(text: string): void {
    const event = this.dialogue.read(text);
    switch (event.kind) {
      case 'reply':
        this.#socket.send(event.text);
        break;
      case 'ready':
        this.#join();
        break;
      case 'joined':
        this.isBusy = false;
        this.isJoined = true;
        // One that joins again reports no later for it, which is more than clients do.
        this.#reportAtMs = Math.min(this.#reportAtMs, monotonicMs() + (this.dialogue.reportIntervalMs ?? Infinity));
        this.#listener.joined(this);
        break;
      case 'signal':
        this.#listener.signalled(this);
        break;
      case 'refused':
        this.#fail(event.reason);
        break;
      case 'other':
        break;
    }
  }

  #fail(reason: string): void {
    if (this.isClosed) return;
    this.close();
    this.#listener.failed(this, reason);
  }
}

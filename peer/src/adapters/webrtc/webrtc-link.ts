import { LIMITS } from '@p2ptv/protocol';
import type { Link, LinkListener, RemotePeer } from '../../ports/link.js';
import { LinkInbox } from '../link-inbox.js';
import type { WebRtcConnection } from './webrtc-handler.js';

/**
 * Sent as a text behind the last frame. Closing a channel or a connection drops what is still
 * queued on one platform or the other; this way all that was sent arrives first.
 */
const CLOSE_MARK = 'close';
/** How long a closed link stays to get rid of what was sent before, ms. */
const LINGER_MS = 2_000;

/** Whoever keeps account of links. */
export type WebRtcLinkOwner = {
  /** The link is over, though its connection may still get rid of what was sent. Once. */
  ended(): void;
  /** The connection is closed for good. Once. */
  freed(): void;
};

/** A link over an open connection. */
export class WebRtcLink implements Link {
  readonly remote: RemotePeer;
  readonly #connection: WebRtcConnection;
  readonly #owner: WebRtcLinkOwner;
  readonly #inbox = new LinkInbox((run) => queueMicrotask(run));
  #linger: ReturnType<typeof setTimeout> | undefined;
  #isFreed = false;

  constructor(remote: RemotePeer, connection: WebRtcConnection, owner: WebRtcLinkOwner) {
    this.remote = remote;
    this.#connection = connection;
    this.#owner = owner;
  }

  get bufferedBytes(): number {
    return this.#inbox.hasEnded ? 0 : this.#connection.bufferedBytes;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (frame.length === 0 || frame.length > LIMITS.frameBytes) {
      throw new RangeError(`a frame has 1 to ${LIMITS.frameBytes} bytes, not ${frame.length}`);
    }
    if (!this.#inbox.hasEnded) this.#connection.send(frame);
  }

  close(): void {
    if (this.#inbox.hasEnded) return;
    this.#inbox.end('local');
    this.#owner.ended();
    this.#linger = setTimeout(() => this.#free(), LINGER_MS);
    this.#connection.send(CLOSE_MARK);
  }

  listen(listener: LinkListener): void {
    this.#inbox.listen(listener);
  }

  /** The connection brought a frame. */
  frame(bytes: Uint8Array<ArrayBuffer>): void {
    this.#inbox.frame(bytes);
  }

  /** The connection brought a text. */
  text(text: string): void {
    if (text === CLOSE_MARK) this.end('remote');
  }

  /** The connection's queue is short again. */
  drained(): void {
    this.#inbox.drained();
  }

  /** The connection is over, or to be cut: unlike `close`, at once. */
  end(end: 'remote' | 'failed'): void {
    const isNews = !this.#inbox.hasEnded;
    this.#free();
    if (!isNews) return;
    this.#owner.ended();
    this.#inbox.end(end);
  }

  #free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    clearTimeout(this.#linger);
    this.#connection.close();
    this.#owner.freed();
  }
}

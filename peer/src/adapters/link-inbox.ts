import { LINK_LOW_WATER_BYTES, type LinkEnd, type LinkListener } from '../ports/link.js';

type LinkEvent =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'drained' }
  | { readonly kind: 'ended'; readonly end: LinkEnd };

/**
 * What every link owes its listener: events in order, kept until somebody listens, never from
 * within a call into the link, exactly one end, and nothing after it.
 *
 * `frame`, `drained` and `end` by the remote are for the transport's own events: they are passed
 * on at once unless something older waits. Only what a call into the link causes is deferred.
 */
export class LinkInbox {
  readonly #defer: (run: () => void) => void;
  readonly #events: LinkEvent[] = [];
  #listener: LinkListener | undefined;
  #hasEnded = false;
  #isFlushing = false;

  /** @param defer runs a function soon, but not within the call */
  constructor(defer: (run: () => void) => void) {
    this.#defer = defer;
  }

  /** True once the end is known, delivered or not. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  listen(listener: LinkListener): void {
    if (this.#listener) throw new Error('a link has one listener');
    this.#listener = listener;
    if (this.#events.length > 0) this.#flushSoon();
  }

  frame(bytes: Uint8Array<ArrayBuffer>): void {
    this.#pass({ kind: 'frame', bytes });
  }

  drained(): void {
    this.#pass({ kind: 'drained' });
  }

  /** The link is over. An end of our own making drops what was not delivered yet. */
  end(end: LinkEnd): void {
    if (this.#hasEnded) return;
    if (end === 'local') {
      this.#events.length = 0;
      this.#events.push({ kind: 'ended', end });
      if (this.#listener) this.#flushSoon();
    } else {
      this.#pass({ kind: 'ended', end });
    }
    this.#hasEnded = true;
  }

  #pass(event: LinkEvent): void {
    if (this.#hasEnded) return;
    if (this.#listener && this.#events.length === 0) deliver(event, this.#listener);
    else this.#events.push(event);
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#defer(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const listener = this.#listener;
    if (!listener) return;
    for (let event = this.#events[0]; event; event = this.#events[0]) {
      // Taken out after the delivery, so that what the delivery causes queues up behind it.
      try {
        deliver(event, listener);
      } finally {
        if (this.#events[0] === event) this.#events.shift();
        // What is left after a listener that throws is delivered all the same.
        if (this.#events.length > 0) this.#flushSoon();
      }
    }
  }
}

function deliver(event: LinkEvent, listener: LinkListener): void {
  switch (event.kind) {
    case 'frame':
      listener.frame(event.bytes);
      return;
    case 'drained':
      listener.drained();
      return;
    case 'ended':
      listener.ended(event.end);
      return;
  }
}

/** True when a fall from one number of buffered bytes to another must be told as `drained`. */
export function isDrain(beforeBytes: number, afterBytes: number): boolean {
  return beforeBytes > LINK_LOW_WATER_BYTES && afterBytes <= LINK_LOW_WATER_BYTES;
}

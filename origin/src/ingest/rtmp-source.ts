import { FeedWait } from './feed-wait.js';
import { PublisherPresence, type PresenceOptions } from './publisher-presence.js';
import type { Publication } from './rtmp/publication.js';
import type { RtmpConnection } from './rtmp/rtmp-connection.js';
import type { Source, SourceFeed } from './source.js';

/** Options of an {@link RtmpSource}. */
export type RtmpSourceOptions = PresenceOptions & {
  /** For the log. */
  readonly label: string;
  /** Whether a stream key is this source's. Takes the same time whatever was tried. */
  readonly isKey: (key: string) => boolean;
  /** Called when it is closed. */
  readonly onClose: () => void;
};

/** Somebody who publishes to a source. */
export type RtmpPublisher = {
  readonly address: string;
  readonly connection: RtmpConnection;
  readonly publication: Publication;
};

/**
 * What is published over RTMP with one stream key. One publisher at a time; the newest wins, because
 * after a break of the network the old connection looks alive for a while.
 *
 * Made by {@link RtmpServer.open}, which hands it its publishers.
 */
export class RtmpSource implements Source {
  readonly kind = 'rtmp';
  readonly label: string;
  readonly publisher: PublisherPresence;
  /** Whether a stream key is this source's. */
  readonly isKey: (key: string) => boolean;
  readonly #onClose: () => void;
  #current: RtmpPublisher | undefined;
  readonly #wait = new FeedWait();
  #isClosed = false;

  constructor(options: RtmpSourceOptions) {
    this.label = options.label;
    this.isKey = options.isKey;
    this.publisher = new PublisherPresence(options);
    this.#onClose = options.onClose;
  }

  /** Whether this is the connection that publishes to it. */
  isPublishedBy(connection: RtmpConnection): boolean {
    return this.#current?.connection === connection;
  }

  open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    if (signal.aborted || this.#isClosed) return Promise.resolve(undefined);
    if (this.#current?.publication.isReady === true) return Promise.resolve(this.#current.publication.open());
    return this.#wait.until(signal);
  }

  /** Takes a publisher who has shown the right key; whoever published until now is sent away. */
  admit(publisher: RtmpPublisher): void {
    const previous = this.#current;
    this.#current = publisher;
    publisher.publication.onReady = () => {
      if (this.#wait.isWaiting) this.#wait.answer(publisher.publication.open());
    };
    previous?.publication.end();
    previous?.connection.close('Another publisher took its place.');
    this.publisher.arrive(publisher.address);
  }

  /** Its publisher's connection is over. */
  lose(reason: string | undefined): void {
    this.#current?.publication.end();
    this.#current = undefined;
    if (!this.#isClosed) this.publisher.leave(reason);
  }

  /** Sends the publisher away, who may come again. */
  dismiss(reason: string): void {
    this.#current?.connection.close(reason);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.publisher.close();
    this.#wait.answer(undefined);
    const current = this.#current;
    this.#current = undefined;
    current?.publication.end();
    current?.connection.close();
    this.#onClose();
    return Promise.resolve();
  }
}

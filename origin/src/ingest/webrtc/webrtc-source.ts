import { FeedWait } from '../feed-wait.js';
import { PublisherPresence, type PresenceOptions } from '../publisher-presence.js';
import type { Source, SourceFeed } from '../source.js';
import type { WebRtcPublication } from './webrtc-publication.js';

/** Somebody who publishes to a source. */
export type WebRtcPublisher = {
  /** For the log. */
  readonly address: string;
  readonly publication: WebRtcPublication;
  /** Called when another takes its place, or the source is closed. */
  readonly onDismissed: () => void;
};

/**
 * What browsers, OBS and the like publish over WebRTC, by WHIP or from the studio.
 *
 * One publisher at a time; the newest with the right key wins, because after a break of the network the
 * old connection looks alive for a while.
 */
export class WebRtcSource implements Source {
  readonly kind = 'webrtc';
  readonly label = 'WebRTC';
  readonly publisher: PublisherPresence;
  #current: WebRtcPublisher | undefined;
  readonly #wait = new FeedWait();
  #isDeparting = false;
  #isClosed = false;

  constructor(options: PresenceOptions = {}) {
    this.publisher = new PublisherPresence(options);
  }

  /** Takes a publisher who has shown the right key; whoever published until now is sent away. */
  admit(publisher: WebRtcPublisher): void {
    const previous = this.#current;
    this.#current = publisher;
    this.#isDeparting = false;
    previous?.publication.end();
    previous?.onDismissed();
    publisher.publication.onReady = () => {
      if (this.#current === publisher && this.#wait.isWaiting) this.#wait.answer(publisher.publication.open());
    };
    if (publisher.publication.isReady) publisher.publication.onReady();
    this.publisher.arrive(publisher.address);
  }

  /**
   * A publisher has gone.
   *
   * @param why `lost`: it may come back; `stopped`: it is done
   */
  release(publisher: WebRtcPublisher, why: 'stopped' | 'lost'): void {
    publisher.publication.end();
    if (this.#current !== publisher) return;
    this.#current = undefined;
    if (why === 'lost') this.publisher.leave('its connection broke');
    // What the encoder still holds is published first: it asks for the next input when it is through.
    else if (this.#wait.isWaiting) this.publisher.depart();
    else this.#isDeparting = true;
  }

  dismiss(_reason: string): void {
    const current = this.#current;
    if (!current) return;
    this.release(current, 'lost');
    current.onDismissed();
  }

  noteDate(part: { readonly mediaTimeMs: number; readonly programDateTimeMs: number }): void {
    this.#current?.publication.noteDate(part);
  }

  open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    if (signal.aborted || this.#isClosed) return Promise.resolve(undefined);
    if (this.#isDeparting) {
      this.#isDeparting = false;
      this.publisher.depart();
    }
    if (this.#current?.publication.isReady === true) return Promise.resolve(this.#current.publication.open());
    return this.#wait.until(signal);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.publisher.close();
    this.#wait.answer(undefined);
    const current = this.#current;
    this.#current = undefined;
    current?.publication.end();
    current?.onDismissed();
    return Promise.resolve();
  }
}

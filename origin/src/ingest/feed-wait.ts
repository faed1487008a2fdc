import type { SourceFeed } from './source.js';

/** The one encoder session that waits for a source that has nothing yet. */
export class FeedWait {
  #answer: ((feed: SourceFeed | undefined) => void) | undefined;

  /** Whether a session waits. */
  get isWaiting(): boolean {
    return this.#answer !== undefined;
  }

  /**
   * Waits for {@link answer}.
   *
   * @param signal gives up; the answer is then undefined
   */
  until(signal: AbortSignal): Promise<SourceFeed | undefined> {
    return new Promise((resolve) => {
      const giveUp = (): void => this.answer(undefined);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#answer = (feed) => {
        signal.removeEventListener('abort', giveUp);
        resolve(feed);
      };
    });
  }

  /** Gives who waits a feed, or the news that there will be none; does nothing where nobody waits. */
  answer(feed: SourceFeed | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(feed);
  }
}

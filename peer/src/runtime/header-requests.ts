import type { RenditionId, SignedChunkHeader } from '@p2ptv/protocol';
import type { EngineCommand, EngineInput } from '../engine/engine-io.js';
import type { Cancel, OriginClient, OriginFailure } from '../ports/origin-client.js';

/** What is asked of the origin for the engine's headers: a live rendition is followed, a place of a recording fetched. */
export class HeaderRequests {
  readonly #origin: OriginClient | undefined;
  readonly #handle: (input: EngineInput) => void;
  readonly #answered: (failure: OriginFailure | undefined) => void;
  readonly #gone: () => void;
  readonly #follows = new Map<RenditionId, Cancel>();
  #cancelPlace: Cancel | undefined;

  /**
   * @param origin undefined: there is none, and every request fails at once
   * @param to where answers go; `answered` is told of each, also of failures, and `gone` when the origin does not know what is followed
   */
  constructor(
    origin: OriginClient | undefined,
    to: { readonly handle: (input: EngineInput) => void; readonly answered: (failure: OriginFailure | undefined) => void; readonly gone: () => void },
  ) {
    this.#origin = origin;
    this.#handle = to.handle;
    this.#answered = to.answered;
    this.#gone = to.gone;
  }

  /** Follows a rendition, in place of what was followed of it. */
  follow({ rendition, after }: Extract<EngineCommand, { kind: 'followHeaders' }>): void {
    this.stop(rendition);
    const cancel = this.#origin?.followHeaders(
      { rendition, after },
      {
        headers: (headers) => {
          this.#answered(undefined);
          this.#handle({ kind: 'originHeaders', rendition, headers });
        },
        failed: (failure) => {
          this.#follows.delete(rendition);
          this.#answered(failure);
          this.#handle({ kind: 'originHeadersFailed', rendition });
          if (failure === 'notFound') this.#gone();
        },
      },
    );
    if (cancel) this.#follows.set(rendition, cancel);
    else this.#handle({ kind: 'originHeadersFailed', rendition });
  }

  stop(rendition: RenditionId): void {
    this.#follows.get(rendition)?.();
    this.#follows.delete(rendition);
  }

  /** Fetches the headers of a place, in place of those of another. */
  fetchPlace({ requestId, rendition, dateMs, count }: Extract<EngineCommand, { kind: 'headersAt' }>): void {
    this.#cancelPlace?.();
    this.#cancelPlace = this.#origin?.headersAt(
      { rendition, dateMs, count },
      {
        headers: (headers) => {
          this.#answered(undefined);
          this.#handle({ kind: 'placeHeaders', requestId, headers, isEnd: headers.length < count });
        },
        failed: (failure) => {
          this.#answered(failure);
          this.#handle({ kind: 'placeHeadersFailed', requestId });
        },
      },
    );
    if (!this.#cancelPlace) this.#handle({ kind: 'placeHeadersFailed', requestId });
  }

  /** Fetches the headers of a place for its caller; a failure is told of nowhere but to `answered`. */
  fetch(place: { readonly rendition: RenditionId; readonly dateMs: number; readonly count: number }, headersCame: (headers: readonly SignedChunkHeader[]) => void): void {
    this.#cancelPlace?.();
    this.#cancelPlace = this.#origin?.headersAt(place, {
      headers: (headers) => {
        this.#answered(undefined);
        headersCame(headers);
      },
      failed: (failure) => this.#answered(failure),
    });
  }

  /** Cancels all. */
  close(): void {
    for (const cancel of this.#follows.values()) cancel();
    this.#follows.clear();
    this.#cancelPlace?.();
    this.#cancelPlace = undefined;
  }
}

import type { RenditionId } from '@p2ptv/protocol';
import type { Cancel, OriginClient, OriginFailure } from '../ports/origin-client.js';

/** Only the newest: an encoder that restarts often must not fill the memory. */
const KEPT_INITS = 8;

/** Init segments that are there, and those that are being fetched. */
export class InitSegments {
  readonly #origin: OriginClient | undefined;
  readonly #listener: { readonly fetched: (initHash: string) => void; readonly answered: (failure: OriginFailure | undefined) => void };
  readonly #kept = new Map<string, Uint8Array>();
  /** By hash. */
  readonly #fetches = new Map<string, Cancel>();

  /** @param listener `answered` is told of each answer of the origin's, and of failures */
  constructor(
    origin: OriginClient | undefined,
    listener: { readonly fetched: (initHash: string) => void; readonly answered: (failure: OriginFailure | undefined) => void },
  ) {
    this.#origin = origin;
    this.#listener = listener;
  }

  /** A private copy; undefined until it is there. */
  get(initHash: string): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#kept.get(initHash);
    return bytes && new Uint8Array(bytes);
  }

  keep(initHash: string, bytes: Uint8Array): void {
    this.#kept.delete(initHash);
    this.#kept.set(initHash, bytes);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT_INITS && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Fetches it, unless it is there or on its way. */
  need(rendition: RenditionId, initHash: string): void {
    if (!this.#origin || this.#kept.has(initHash) || this.#fetches.has(initHash)) return;
    const cancel = this.#origin.fetchInit(
      { rendition, initHash },
      {
        fetched: (bytes) => {
          this.#fetches.delete(initHash);
          this.keep(initHash, bytes);
          this.#listener.answered(undefined);
          this.#listener.fetched(initHash);
        },
        failed: (failure) => {
          this.#fetches.delete(initHash);
          this.#listener.answered(failure);
        },
      },
    );
    this.#fetches.set(initHash, cancel);
  }

  /** Cancels what is being fetched. */
  close(): void {
    for (const cancel of this.#fetches.values()) cancel();
    this.#fetches.clear();
  }
}

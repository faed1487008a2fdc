import { setTimeout } from 'node:timers/promises';

import type { PeerSession, PeerSessionStats } from '@p2ptv/peer';
import { isEqualBytes, isStreamLink, parseStreamLink, recordingListSchema, streamListingSchema, type StreamLink, type StreamListing } from '@p2ptv/protocol';
import type { FastifyBaseLogger } from 'fastify';

/** Pause after an origin did not answer, or told nothing new, ms: one with too many who wait answers at once. */
const RETRY_MS = 5000;
/** An origin answers within 20 s whether anything has changed or not. */
const ANSWER_LIMIT_MS = 40_000;

/** Of an origin, and the name of what is served there. */
type Address = { readonly base: string; readonly slug: string };

/** What a {@link Volunteer} needs. */
export type VolunteerOptions = {
  /** What it was asked to serve: a channel, or a recording. */
  readonly link: StreamLink;
  /** Makes a session that is not started yet. */
  readonly open: (link: StreamLink) => PeerSession;
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn'>;
};

/**
 * Serves a stream's viewers without watching. With the link of a channel it serves what is live, and between broadcasts
 * keeps and serves the newest recording of it; with that of a recording, that one.
 */
export class Volunteer {
  readonly #options: VolunteerOptions;
  readonly #abort = new AbortController();
  #served: { readonly link: StreamLink; readonly session: PeerSession };
  #following: Promise<void> | undefined;

  constructor(options: VolunteerOptions) {
    this.#options = options;
    this.#served = this.#serve(options.link);
  }

  /** Of what it serves now. */
  get stats(): PeerSessionStats {
    return this.#served.session.stats();
  }

  /** What it serves now. */
  get link(): StreamLink {
    return this.#served.link;
  }

  /** Resolves when all that came is written. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#following;
    await closed(this.#served.session);
  }

  #serve(link: StreamLink): { readonly link: StreamLink; readonly session: PeerSession } {
    const { open, logger } = this.#options;
    const session = open(link);
    session.on('joined', ({ record }) => {
      logger.info(`Seeding "${record.title}"`);
      this.#following ??= this.#follow(record.isEnded ? undefined : 'live');
    });
    session.on('trackerStateChanged', ({ state, message }) => logger.info(`Tracker: ${state}${message === undefined ? '' : `, ${message}`}`));
    session.on('originStateChanged', ({ isReachable }) => logger.info(isReachable ? 'The origin answers' : 'The origin does not answer'));
    session.on('chunkRejected', ({ peerId, reason }) => logger.warn(`The peer ${peerId} sent a bad ${reason}; its link is closed`));
    session.start();
    return { link, session };
  }

  /**
   * Turns from the live stream to its recording and back, whenever the origin tells that one has ended or the other begun.
   *
   * @param state how the stream is; undefined: it has ended, and may be a recording, of which nothing more will come
   */
  async #follow(state: StreamListing['state'] | undefined): Promise<void> {
    const { signal } = this.#abort;
    const at = addressOf(this.#options.link);
    if (!at || (state === undefined && (await this.#isRecording(at)))) return;
    while (!signal.aborted) {
      try {
        const stream = streamListingSchema.parse(await this.#ask(`${at.base}/api/streams/${at.slug}${state === undefined ? '' : `?unlike=${state}`}`));
        const isChanged = stream.state !== state;
        state = stream.state;
        if (isChanged) await this.#turnTo(state === 'live' ? this.#options.link : await this.#newestRecording(at));
        else await this.#pause();
      } catch {
        // It is away, or has forgotten the stream: who is served goes on being served. What is asked next is answered at once.
        state = undefined;
        await this.#pause();
      }
    }
  }

  async #turnTo(link: StreamLink | undefined): Promise<void> {
    if (!link || this.#abort.signal.aborted || link.origins[0] === this.#served.link.origins[0]) return;
    await closed(this.#served.session);
    this.#served = this.#serve(link);
  }

  async #isRecording({ base, slug }: Address): Promise<boolean> {
    for (;;) {
      try {
        const { ok, status } = await this.#answer(`${base}/api/recordings/${slug}`);
        if (ok || status === 404) return ok;
      } catch {
        if (this.#abort.signal.aborted) return true;
      }
      await this.#pause();
    }
  }

  /** Undefined where it has none that everybody may see. */
  async #newestRecording({ base, slug }: Address): Promise<StreamLink | undefined> {
    const { recordings } = recordingListSchema.parse(await this.#ask(`${base}/api/recordings?channel=${slug}&order=newest&limit=1`));
    const link = recordings[0] && parseStreamLink(recordings[0].link);
    const { streamId, publicKey } = this.#options.link;
    // Only what the same publisher has signed for the same stream.
    return link && isStreamLink(link) && link.streamId === streamId && isEqualBytes(link.publicKey, publicKey) ? link : undefined;
  }

  async #ask(url: string): Promise<unknown> {
    const response = await this.#answer(url);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return response.json();
  }

  #answer(url: string): Promise<Response> {
    return fetch(url, { signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]) });
  }

  async #pause(): Promise<void> {
    // Cut short when it is closed.
    await setTimeout(RETRY_MS, undefined, { signal: this.#abort.signal }).catch(() => undefined);
  }
}

/** Where a channel's link says that it is; undefined where it names no origin, or needs a token, which tells of no recording. */
function addressOf({ origins }: StreamLink): Address | undefined {
  const [, base, slug] = /^(https?:\/\/.+)\/live\/([\w-]+)$/.exec(origins[0] ?? '') ?? [];
  return base === undefined || slug === undefined ? undefined : { base, slug };
}

function closed(session: PeerSession): Promise<void> {
  return new Promise((resolve) => session.close(resolve));
}

import type { Page } from 'playwright-core';

import type { IngestOrigin } from '../ingest-origin.js';
import type { PublishingBrowser } from './page-publisher.js';

/** What a publisher has to do with. */
export type Stage = {
  readonly origin: IngestOrigin;
  /** The port for {@link WayIn.protocol} that the origin was told. */
  readonly port: number;
  /** With a camera and a microphone of its own making, and nobody who has to allow their use. */
  readonly publishing: PublishingBrowser;
  readonly ffmpegPath: string;
  /** A film to publish. */
  readonly film: string;
};

/** Somebody who is about to publish. */
export interface Publisher {
  /** Begins. @returns when, ms since the Unix epoch */
  start(): Promise<number>;
  /** Why it does not publish (any more), where that is known. */
  readonly failure: string | undefined;
  /** The page that publishes, where one does. */
  readonly page?: Page;
  /** Ends it, whatever it has come to. */
  stop(): Promise<void>;
}

/** One way into an origin, with a client that people use for it. */
export type WayIn = {
  readonly name: string;
  /** The client, and what counts as its start. */
  readonly summary: string;
  /** What the client speaks to the origin by a port of its own. */
  readonly protocol: 'tcp' | 'udp' | undefined;
  /** The channel that it publishes to. */
  readonly slug: string;
  /** Flags of the origin. */
  readonly originSettings: (port: number) => readonly string[];
  /** Does all that comes before the start. */
  readonly prepare: (stage: Stage) => Promise<Publisher>;
};

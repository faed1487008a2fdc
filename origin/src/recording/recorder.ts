import type { RenditionId } from '@p2ptv/protocol';
import type { FastifyBaseLogger } from 'fastify';

import type { ChannelSettings } from '../channel/channel-settings.js';
import type { CaptionEntry } from '../captions/caption-journal.js';
import type { ClosedFile } from '../package/chunk-archive.js';
import { describeWriteFailure } from '../package/errors.js';
import type { LiveStream, LiveStreamChange } from '../package/live-stream.js';
import type { OpenRecording, RecordingLibrary } from './recording-library.js';

/** How long it waits after a failure before it tries to begin again, ms. */
const RETRY_AFTER_MS = 30_000;

/** What a {@link Recorder} needs. */
export type RecorderPorts = {
  readonly library: RecordingLibrary;
  readonly settings: () => ChannelSettings;
  /** Wall clock, ms. */
  readonly wallMs: () => number;
  readonly logger: FastifyBaseLogger;
};

/**
 * Makes recordings of what a channel publishes: one from its first part on until media flow no more. It takes the files
 * that the stream's archive has closed anyway, so nothing is written twice, and a failure costs the recording, never the
 * stream.
 */
export class Recorder {
  readonly #ports: RecorderPorts;
  #open: OpenRecording | undefined;
  #leaveCaptions: (() => void) | undefined;
  #pausedUntilMs = -Infinity;

  constructor(ports: RecorderPorts) {
    this.#ports = ports;
  }

  /** To be told of every change of the stream. */
  follow(live: LiveStream, change: LiveStreamChange): void {
    if (change.kind === 'published') {
      // What comes after its end is no recording of its own, and none for the next publisher to go on with.
      if (!this.#open && !live.isAway) this.#begin(live, change.chunk.signed.header.sequence);
    } else if (change.kind === 'stateChanged' && live.state !== 'live') {
      // The last files go to this recording, and the next one begins with new ones.
      live.closeFiles();
      this.#end(live);
    }
  }

  /** To be told of every file that the stream's archive has closed. */
  keep(rendition: RenditionId, file: ClosedFile, live: LiveStream): void {
    const open = this.#open;
    if (!open) return;
    try {
      open.keep(rendition, file, (initHash) => live.rendition(rendition)?.init(initHash));
    } catch (error) {
      this.#ports.logger.error(`A piece of the recording ${open.id} is lost, because ${describeWriteFailure(error)}; the live stream goes on.`);
    }
  }

  #begin(live: LiveStream, firstSequence: number): void {
    const { library, settings, wallMs, logger } = this.#ports;
    const channel = settings();
    if (!channel.isRecorded || wallMs() < this.#pausedUntilMs) return;
    try {
      this.#open = library.begin({ channel: channel.slug, stream: channel.slug, firstSequence, ...described(channel) });
      this.#followCaptions(live, this.#open);
      logger.info(`Recording as ${this.#open.id}`);
    } catch (error) {
      this.#pausedUntilMs = wallMs() + RETRY_AFTER_MS;
      logger.error(`The stream is live without a recording, because ${describeWriteFailure(error)}.`);
    }
  }

  /** A recording without captions is better than none. */
  #followCaptions({ textCaptions }: LiveStream, open: OpenRecording): void {
    const note = (entry: CaptionEntry): void => {
      try {
        open.noteCaptions(entry);
      } catch (error) {
        this.#leaveCaptions?.();
        this.#ports.logger.error(`The recording ${open.id} gets no more captions, because ${describeWriteFailure(error)}.`);
      }
    };
    this.#leaveCaptions = textCaptions.listen({ tracksChanged: (tracks) => note({ tracks }), cuesPassed: (cues) => note({ cues }) });
    if (textCaptions.tracks.length > 0) note({ tracks: textCaptions.tracks });
  }

  #end(live: LiveStream): void {
    const { library, settings, logger } = this.#ports;
    const open = this.#open;
    this.#open = undefined;
    this.#leaveCaptions?.();
    if (!open || !live.record) return;
    try {
      // It may have become so since the recording began.
      if (settings().isPrivate) library.update(open.id, { isPrivate: true });
      if (open.finish(live.record)) logger.info(`The recording ${open.id} can be watched`);
    } catch (error) {
      logger.error(`The recording ${open.id} is finished at the next start, because ${describeWriteFailure(error)}.`);
    }
  }
}

function described({ title, description, tags, isPrivate }: ChannelSettings): Pick<ChannelSettings, 'title' | 'description' | 'tags' | 'isPrivate'> {
  return { title, description, tags, isPrivate };
}

import { fileURLToPath } from 'node:url';

import type { FastifyBaseLogger } from 'fastify';

import { locateFfmpeg, type Ffmpeg } from '../encode/ffmpeg-location.js';
import { checkFile, FileSource } from '../ingest/file-source.js';
import { openHlsSource } from '../ingest/hls-source.js';
import { RtmpServer, type RtmpServerOptions } from '../ingest/rtmp-server.js';
import type { Source } from '../ingest/source.js';
import { openSrtSource } from '../ingest/srt-source.js';
import { openStdinSource } from '../ingest/stdin-source.js';
import { TestCardSource } from '../ingest/test-card-source.js';
import { WebRtcSource } from '../ingest/webrtc/webrtc-source.js';
import type { ChannelSettings } from './channel-settings.js';
import type { InputChoice } from './input-choice.js';
import { isStreamKey } from './stream-key.js';

/** What a channel has as input while it runs. */
export type ChannelInput = { readonly ffmpeg: Ffmpeg; readonly source: Source };

/** Makes the inputs of channels. */
export interface InputFactory {
  /**
   * Makes the input that a channel's settings ask for; undefined where there is to be none.
   *
   * @param settings as they are whenever it is asked: a stream key may change while the input runs
   * @throws IngestError when it cannot be had
   */
  open(settings: () => ChannelSettings): Promise<ChannelInput | undefined>;
  /** Where publishers reach it over RTMP; undefined while nothing listens. */
  readonly rtmpPort: number | undefined;
  /** Lets go of what its inputs share. */
  close(): Promise<void>;
}

/** Options of a {@link SourceFactory}. */
export type SourceFactoryOptions = {
  /** Where RTMP listens, once a channel has it as input. */
  readonly rtmp: RtmpServerOptions;
  /** The address that SRT listens on; the port is each channel's. Default: all. */
  readonly srtHost?: string | undefined;
  readonly logger: FastifyBaseLogger;
};

/** The bundled clip, seen from the sources and from the built files alike. */
const CLIP = fileURLToPath(new URL('../../media/clip.mp4', import.meta.url));

/** Makes the real sources. What they share, ffmpeg and the RTMP port, is looked for when the first needs it. */
export class SourceFactory implements InputFactory {
  readonly #options: SourceFactoryOptions;
  #ffmpeg: Promise<Ffmpeg> | undefined;
  #rtmp: Promise<RtmpServer> | undefined;
  #rtmpPort: number | undefined;

  constructor(options: SourceFactoryOptions) {
    this.#options = options;
  }

  get rtmpPort(): number | undefined {
    return this.#rtmpPort;
  }

  async open(settings: () => ChannelSettings): Promise<ChannelInput | undefined> {
    const { input } = settings();
    if (input.kind === 'none') return undefined;
    // Cheap checks first: looking for ffmpeg takes a moment.
    if (input.kind === 'file') checkFile(input.path);
    const ffmpeg = await this.#locate();
    return { ffmpeg, source: await this.#source(input, { ffmpeg, settings }) };
  }

  async close(): Promise<void> {
    const rtmp = await this.#rtmp?.catch(() => undefined);
    await rtmp?.close();
  }

  #source(input: Exclude<InputChoice, { kind: 'none' }>, { ffmpeg, settings }: Pick<ChannelInput, 'ffmpeg'> & { readonly settings: () => ChannelSettings }): Promise<Source> | Source {
    switch (input.kind) {
      case 'clip':
        return FileSource.create({ ffmpegPath: ffmpeg.path, file: CLIP });
      case 'file':
        return FileSource.create({ ffmpegPath: ffmpeg.path, file: input.path });
      case 'testcard':
        return new TestCardSource();
      case 'rtmp':
        return this.#listen().then((rtmp) => rtmp.open({ isKey: (key) => isStreamKey(key, settings().streamKeyHash) }));
      case 'whip':
        return new WebRtcSource();
      case 'srt': {
        const { srtPassphrase: passphrase, srtLatencyMs: latencyMs } = settings();
        return openSrtSource(ffmpeg, { port: input.port, host: this.#options.srtHost, passphrase, latencyMs });
      }
      case 'hls':
        return openHlsSource(ffmpeg.path, input.url);
      case 'stdin':
        return openStdinSource(ffmpeg.path);
    }
  }

  #locate(): Promise<Ffmpeg> {
    this.#ffmpeg ??= locateFfmpeg().then(
      (ffmpeg) => {
        this.#options.logger.debug({ path: ffmpeg.path, version: ffmpeg.version }, 'Found ffmpeg');
        return ffmpeg;
      },
      (error: unknown) => {
        // The next channel looks again: ffmpeg may have been installed in the meantime.
        this.#ffmpeg = undefined;
        throw error;
      },
    );
    return this.#ffmpeg;
  }

  #listen(): Promise<RtmpServer> {
    const { rtmp, logger } = this.#options;
    this.#rtmp ??= RtmpServer.listen(rtmp).then(
      (server) => {
        this.#rtmpPort = server.port;
        server.on('publisherRefused', ({ address, reason }) => logger.warn(`A publisher from ${address} was refused: ${reason}`));
        return server;
      },
      (error: unknown) => {
        this.#rtmp = undefined;
        throw error;
      },
    );
    return this.#rtmp;
  }
}

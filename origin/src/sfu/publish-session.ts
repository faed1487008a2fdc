import { randomUUID } from 'node:crypto';

import type { WebRtcPublisher, WebRtcSource } from '../ingest/webrtc/webrtc-source.js';
import { WebRtcPublication, type PublicationStatus, type WebRtcPublicationOptions } from '../ingest/webrtc/webrtc-publication.js';
import type { DtlsParameters, RtpParameters } from './rtp-parameters.js';
import type { SfuPort, SfuProducer, SfuTransport, TransportParameters, TransportState, TransportStats } from './sfu-port.js';

/** The tracks that a session publishes. */
export type SessionTrack = { readonly kind: 'audio' | 'video'; readonly rtpParameters: RtpParameters };

/** How a session is doing. */
export type SessionStatus = { readonly state: TransportState; readonly media: PublicationStatus | undefined; readonly transport: TransportStats };

/**
 * One publisher on its way from a connection to a source: its tracks become a publication, which the
 * source takes as soon as the picture's track is known, or without one the sound's.
 */
export class PublishSession {
  /** Names it in addresses; nobody can guess it. */
  readonly id = randomUUID();
  readonly slug: string;
  readonly #source: WebRtcSource;
  readonly #transport: SfuTransport;
  readonly #label: string;
  #publication: WebRtcPublication | undefined;
  #published: WebRtcPublisher | undefined;
  #isUsed = false;
  #isClosed = false;
  /** Called once at the end. */
  onClosed: (() => void) | undefined;

  private constructor(at: PublishPoint, transport: SfuTransport) {
    this.slug = at.slug;
    this.#source = at.source;
    this.#label = at.label;
    this.#transport = transport;
    transport.onStateChange = (state) => {
      if (state === 'failed' || state === 'closed') this.#end('lost');
    };
  }

  /** A session with a transport that waits for its client. */
  static async open(sfu: SfuPort, at: PublishPoint): Promise<PublishSession> {
    return new PublishSession(at, await sfu.createTransport());
  }

  get parameters(): TransportParameters {
    return this.#transport.parameters;
  }

  get status(): SessionStatus {
    return { state: this.#transport.state, media: this.#publication?.status, transport: this.#transport.stats };
  }

  /**
   * Takes the client's certificate.
   *
   * @returns a sentence for the client when it cannot be taken
   */
  connect(remote: DtlsParameters): Promise<string | undefined> {
    return this.#transport.connect(remote);
  }

  /**
   * Takes all tracks at once: picture, sound or both.
   *
   * @param meant the frames a second and the size in pixels that the publisher means to send, where it tells
   * @returns a sentence for the client when they cannot be taken
   */
  async publish(tracks: readonly SessionTrack[], meant: Pick<WebRtcPublicationOptions, 'frameRate' | 'size'>): Promise<string | undefined> {
    if (this.#isUsed || this.#isClosed) return 'This session has been used already.';
    const video = tracks.find(({ kind }) => kind === 'video');
    const audio = tracks.find(({ kind }) => kind === 'audio');
    if (!video && !audio) return 'There must be a picture or sound to publish.';
    this.#isUsed = true;
    const isH264 = /\/h264$/i.test(video?.rtpParameters.codecs[0]?.mimeType ?? '');
    const producers: SfuProducer[] = [];
    const publication = new WebRtcPublication({
      videoCodec: video && (isH264 ? 'h264' : 'vp8'),
      hasAudio: audio !== undefined,
      ...meant,
      requestKeyFrame: () => producers.find(({ kind }) => kind === 'video')?.requestKeyFrame(),
    });
    for (const track of [...(video ? [video] : []), ...(audio ? [audio] : [])]) {
      const producer = await this.#transport.produce({ ...track, listener: publication[track.kind] });
      if (typeof producer === 'string') return producer;
      producers.push(producer);
    }
    // It may have ended meanwhile.
    if (this.#hasEnded()) return 'This session is over.';
    this.#publication = publication;
    this.#published = { address: this.#label, publication, onDismissed: () => this.#end('lost') };
    this.#source.admit(this.#published);
    return undefined;
  }

  /** The publisher has said that it is done. */
  stop(): void {
    this.#end('stopped');
  }

  #hasEnded(): boolean {
    return this.#isClosed;
  }

  #end(why: 'stopped' | 'lost'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#published) this.#source.release(this.#published, why);
    this.#transport.close();
    this.onClosed?.();
  }
}

/** Where a session publishes, and what to call the publisher in the log. */
export type PublishPoint = { readonly slug: string; readonly source: WebRtcSource; readonly label: string };

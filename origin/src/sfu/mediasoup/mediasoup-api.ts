/**
 * What we use of mediasoup's API, version 3 (https://mediasoup.org/documentation/v3/mediasoup/api/).
 *
 * Declared here, because the package is installed by those who want it only: its install step downloads or compiles a
 * program, which does not work everywhere.
 */

import type { CAPTURE_TIME_URI, MID_URI, RtpParameters, TRANSPORT_SEQUENCE_URI } from '../rtp-parameters.js';

/** A codec that a router takes. */
export type RouterCodec = {
  kind: 'audio' | 'video';
  mimeType: string;
  clockRate: number;
  channels?: number;
  parameters?: Record<string, string | number>;
};

/** A client's track; mediasoup refuses header extensions that it does not know. */
export type ProducerParameters = Omit<RtpParameters, 'headerExtensions'> & {
  headerExtensions: { uri: typeof CAPTURE_TIME_URI | typeof MID_URI | typeof TRANSPORT_SEQUENCE_URI; id: number }[];
};

/** Opaque: it goes from a router to a consumer. */
export type MediasoupCapabilities = object;

/** How certificates are told by their fingerprints. */
export const FINGERPRINT_ALGORITHMS = ['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'] as const;
/** A certificate's fingerprint. */
export type Fingerprint = { algorithm: (typeof FINGERPRINT_ALGORITHMS)[number]; value: string };

/** The package. */
export interface MediasoupModule {
  readonly version: string;
  createWorker(settings: { logLevel: 'error' }): Promise<MediasoupWorker>;
}

/** A process that moves packets. */
export interface MediasoupWorker {
  createRouter(options: { mediaCodecs: RouterCodec[] }): Promise<MediasoupRouter>;
  on(event: 'died', listener: () => void): unknown;
  close(): void;
}

/** Where the transports of one group meet. */
export interface MediasoupRouter {
  readonly rtpCapabilities: MediasoupCapabilities;
  createWebRtcTransport(options: { listenInfos: { protocol: 'udp'; ip: string }[]; enableTcp: boolean }): Promise<MediasoupWebRtcTransport>;
  createDirectTransport(): Promise<MediasoupDirectTransport>;
}

/** The connection to a client. */
export interface MediasoupWebRtcTransport {
  readonly id: string;
  readonly iceParameters: { readonly usernameFragment: string; readonly password: string };
  readonly iceCandidates: readonly { readonly foundation: string; readonly priority: number; readonly ip: string; readonly address: string; readonly port: number }[];
  readonly dtlsParameters: { readonly fingerprints: readonly Fingerprint[] };
  connect(options: { dtlsParameters: { role: 'client'; fingerprints: Fingerprint[] } }): Promise<void>;
  produce(options: { kind: 'audio' | 'video'; rtpParameters: ProducerParameters }): Promise<MediasoupProducer>;
  /** One entry. */
  getStats(): Promise<readonly { readonly rtpBytesReceived: number }[]>;
  on(event: 'dtlsstatechange' | 'icestatechange', listener: (state: string) => void): unknown;
  /** Its worker has died. */
  on(event: 'routerclose', listener: () => void): unknown;
  close(): void;
}

/** Hands packets to this process. */
export interface MediasoupDirectTransport {
  consume(options: { producerId: string; rtpCapabilities: MediasoupCapabilities; enableRtx: boolean }): Promise<MediasoupConsumer>;
  close(): void;
}

/** What a client sends. */
export interface MediasoupProducer {
  readonly id: string;
  enableTraceEvent(types: 'sr'[]): Promise<void>;
  on(event: 'trace', listener: (trace: { readonly type: string; readonly info: Readonly<Record<string, unknown>> }) => void): unknown;
  /** One entry a stream of packets. */
  getStats(): Promise<readonly { readonly packetCount: number; readonly nackPacketCount: number; readonly packetsRepaired: number }[]>;
}

/** The same, on its way to us. */
export interface MediasoupConsumer {
  on(event: 'rtp', listener: (packet: Uint8Array) => void): unknown;
  requestKeyFrame(): Promise<void>;
}

import type { DtlsParameters, RtpParameters } from './rtp-parameters.js';

/** Where a client reaches a transport. */
export type IceCandidate = {
  readonly foundation: string;
  readonly priority: number;
  readonly ip: string;
  readonly address: string;
  readonly protocol: 'udp';
  readonly port: number;
  readonly type: 'host';
};

/** What a client needs to connect, in the form that mediasoup-client takes. */
export type TransportParameters = {
  readonly id: string;
  readonly iceParameters: { readonly usernameFragment: string; readonly password: string; readonly iceLite: true };
  readonly iceCandidates: readonly IceCandidate[];
  readonly dtlsParameters: { readonly role: 'server'; readonly fingerprints: readonly { readonly algorithm: string; readonly value: string }[] };
};

/** One RTP packet of a track: no retransmission, no padding; in the order of arrival. */
export type TrackPacket = {
  /** 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits, in ticks of the codec's clock. */
  readonly timestamp: number;
  readonly isMarked: boolean;
  readonly payload: Uint8Array;
  /** Monotonic clock, ms. */
  readonly arrivedAtMs: number;
};

/** Which moment of the sender's wall clock a timestamp of the track belongs to (RTCP sender report). */
export type SenderReport = {
  /** ms since the Unix epoch, as the sender's clock has it. */
  readonly wallMs: number;
  /** 32 bits. */
  readonly timestamp: number;
};

/** What becomes of one track. */
export type TrackListener = {
  readonly onPacket: (packet: TrackPacket) => void;
  readonly onSenderReport: (report: SenderReport) => void;
};

/** A track that a client wants to send. */
export type TrackRequest = { readonly kind: 'audio' | 'video'; readonly rtpParameters: RtpParameters; readonly listener: TrackListener };

/** A track that a client sends. Lost packets have been asked for again; some never come. */
export interface SfuProducer {
  readonly id: string;
  readonly kind: 'audio' | 'video';
  readonly codec: TrackCodec;
  /** Asks the client for a key frame. */
  requestKeyFrame(): void;
}

/** What is in the packets. */
export type TrackCodec = 'opus' | 'h264' | 'vp8';

/** How a transport is doing. `failed`: no connection came about. `closed`: the client has left, or we closed it. */
export type TransportState = 'new' | 'connected' | 'failed' | 'closed';

/** The connection to one client, which sends and does not receive. */
export interface SfuTransport {
  readonly parameters: TransportParameters;
  readonly state: TransportState;
  /** Called at each change; the last one set counts. */
  onStateChange: ((state: TransportState) => void) | undefined;
  /**
   * Takes the client's certificate, once; the handshake goes on by itself.
   *
   * @returns a sentence for the client when it cannot be taken
   */
  connect(remote: DtlsParameters): Promise<string | undefined>;
  /**
   * Takes a track, at most one of each kind. Its packets may begin with the first key frame.
   *
   * @returns a sentence for the client when the track cannot be taken
   */
  produce(request: TrackRequest): Promise<SfuProducer | string>;
  /** Bytes and packets since it connected, as of the last second. */
  readonly stats: TransportStats;
  close(): void;
}

/** Counters of a transport. */
export type TransportStats = {
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  /** Packets that were asked for again, and those that came. */
  readonly nackedPackets: number;
  readonly recoveredPackets: number;
};

/**
 * What takes media from browsers over WebRTC. Its shapes are those of mediasoup. There are two, which pass the same
 * contract suite: {@link WeriftSfu} in this process, and {@link MediasoupSfu} on a mediasoup worker.
 */
export interface SfuPort {
  createTransport(): Promise<SfuTransport>;
  /** Ends all transports. */
  close(): void;
}

/** Connections to publishers at once. Bounds the sockets that strangers with a key can make us hold. */
export const MAX_TRANSPORTS = 32;
/** A client that has not connected by then never will. */
export const CONNECT_LIMIT_MS = 15_000;
/** A client sends sound or pictures all the time: one that is silent so long has gone. */
export const SILENCE_LIMIT_MS = 6000;

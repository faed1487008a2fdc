import type { IceServer } from '@p2ptv/protocol';

/** Label of the one data channel of a connection: ordered, reliable, negotiated with id {@link CHANNEL_ID}. */
export const CHANNEL_LABEL = 'p2ptv';
/** Agreed on beforehand, so that no message of its own opens the channel. */
export const CHANNEL_ID = 0;

/**
 * One platform's WebRTC, and all that differs between platforms. What is done with it (tickets,
 * signals, glare, time-outs) is in `WebRtcTransport`, once for all.
 */
export interface WebRtcHandler {
  /** SHA-256 fingerprint of the certificate that all connections show, as in SDP. */
  readonly fingerprint: string;
  /**
   * Makes a connection, which does nothing yet.
   *
   * @throws what the platform throws when it has no more to give
   */
  connect(iceServers: readonly IceServer[], listener: WebRtcConnectionListener): WebRtcConnection;
  /** Frees what the platform holds, once all connections are closed. */
  close(): void;
}

/** One connection with its one channel. */
export interface WebRtcConnection {
  /** Bytes that `send` took and that are still queued; 0 when closed. */
  readonly bufferedBytes: number;
  /** Fingerprint of the certificate that the open connection's other end has shown; undefined
   * where the platform keeps it to itself, having compared it with the description. */
  readonly remoteFingerprint: string | undefined;
  /** Starts as offerer; the offer comes by `described`. */
  offer(): void;
  /** Starts as answerer; the answer comes by `described`. */
  answer(offer: string): void;
  /** Takes the answer to an offer. */
  accept(answer: string): void;
  addCandidate(candidate: IceCandidate): void;
  /** Sends a binary message, or a text: control of the link, none of the engine's business. */
  send(message: Uint8Array<ArrayBuffer> | string): void;
  /** Cuts the connection and frees it; nothing is reported any more. */
  close(): void;
}

/** A way to reach a peer, as in SDP; `mid` names the media section. */
export type IceCandidate = { readonly candidate: string; readonly mid: string };

/** What a connection reports; never from within a call into it. */
export interface WebRtcConnectionListener {
  /** The offer or the answer to send. */
  described(sdp: string): void;
  candidate(candidate: IceCandidate): void;
  /** The channel is open; `remoteFingerprint` is known if it ever is. */
  opened(): void;
  frame(bytes: Uint8Array<ArrayBuffer>): void;
  text(text: string): void;
  /** The queue fell to LINK_LOW_WATER_BYTES or below. */
  drained(): void;
  /** Over, or never come about; once, and last. `failed`: the platform says that it is broken. */
  closed(end: 'remote' | 'failed'): void;
}

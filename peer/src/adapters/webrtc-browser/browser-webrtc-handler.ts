import type { IceServer } from '@p2ptv/protocol';
import { LINK_LOW_WATER_BYTES } from '../../ports/link.js';
import { fingerprintOf } from '../webrtc/session-description.js';
import {
  CHANNEL_ID,
  CHANNEL_LABEL,
  type IceCandidate,
  type WebRtcConnection,
  type WebRtcConnectionListener,
  type WebRtcHandler,
} from '../webrtc/webrtc-handler.js';

/** How long a lost path may take to come back, ms. */
const DISCONNECT_GRACE_MS = 3_000;

/** {@link WebRtcHandler} on RTCPeerConnection. */
export class BrowserWebRtcHandler implements WebRtcHandler {
  readonly fingerprint: string;
  readonly #certificate: RTCCertificate;
  readonly #connections = new Set<BrowserWebRtcConnection>();

  private constructor(certificate: RTCCertificate, fingerprint: string) {
    this.#certificate = certificate;
    this.fingerprint = fingerprint;
  }

  /** Makes a handler with a certificate of its own; undefined where the browser has no WebRTC, or has it switched off. */
  static async create(): Promise<BrowserWebRtcHandler | undefined> {
    if (typeof RTCPeerConnection === 'undefined') return undefined;
    try {
      const certificate = await RTCPeerConnection.generateCertificate({
        name: 'ECDSA',
        namedCurve: 'P-256',
      } as AlgorithmIdentifier);
      const fingerprint = await fingerprintOfCertificate(certificate);
      return fingerprint === undefined ? undefined : new BrowserWebRtcHandler(certificate, fingerprint);
    } catch {
      return undefined;
    }
  }

  connect(iceServers: readonly IceServer[], listener: WebRtcConnectionListener): WebRtcConnection {
    const native = new RTCPeerConnection({
      certificates: [this.#certificate],
      iceServers: iceServers.map(({ urls, username, credential }) => ({
        urls,
        ...(username === undefined ? {} : { username }),
        ...(credential === undefined ? {} : { credential }),
      })),
    });
    const connection = new BrowserWebRtcConnection(native, listener, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.close();
  }
}

class BrowserWebRtcConnection implements WebRtcConnection {
  /** The browser compares it with the description and fails the connection. */
  readonly remoteFingerprint = undefined;
  readonly #native: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #listener: WebRtcConnectionListener;
  readonly #freed: () => void;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #hasOpened = false;
  #isClosed = false;

  constructor(native: RTCPeerConnection, listener: WebRtcConnectionListener, freed: () => void) {
    this.#native = native;
    this.#listener = listener;
    this.#freed = freed;
    native.onicecandidate = ({ candidate }) => {
      // The last one is empty: there are no more.
      if (candidate?.candidate) listener.candidate({ candidate: candidate.candidate, mid: candidate.sdpMid ?? '0' });
    };
    native.onconnectionstatechange = () => this.#stateChanged();
    const channel = native.createDataChannel(CHANNEL_LABEL, { negotiated: true, id: CHANNEL_ID });
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LINK_LOW_WATER_BYTES;
    channel.onopen = () => {
      this.#hasOpened = true;
      listener.opened();
    };
    channel.onclose = () => this.#end('remote');
    channel.onbufferedamountlow = () => listener.drained();
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') listener.text(data);
      else if (data instanceof ArrayBuffer) listener.frame(new Uint8Array(data));
    };
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#channel.bufferedAmount;
  }

  offer(): void {
    this.#attempt(async () => {
      await this.#native.setLocalDescription(await this.#native.createOffer());
      this.#describe();
    });
  }

  answer(offer: string): void {
    this.#attempt(async () => {
      await this.#native.setRemoteDescription({ type: 'offer', sdp: offer });
      await this.#native.setLocalDescription(await this.#native.createAnswer());
      this.#describe();
    });
  }

  accept(answer: string): void {
    this.#attempt(() => this.#native.setRemoteDescription({ type: 'answer', sdp: answer }));
  }

  addCandidate({ candidate, mid }: IceCandidate): void {
    if (this.#isClosed) return;
    // One that it cannot use is no harm: the others may do.
    this.#native.addIceCandidate({ candidate, sdpMid: mid }).catch(() => undefined);
  }

  send(message: Uint8Array<ArrayBuffer> | string): void {
    if (this.#isClosed) return;
    try {
      if (typeof message === 'string') this.#channel.send(message);
      else this.#channel.send(message);
    } catch {
      // The channel has just gone, or its queue of many megabytes is full.
      queueMicrotask(() => this.#end('failed'));
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#graceTimer);
    // A connection is collected only when nothing refers to it: its handlers refer to this.
    const [channel, native] = [this.#channel, this.#native];
    channel.onopen = channel.onclose = channel.onmessage = channel.onbufferedamountlow = null;
    native.onicecandidate = native.onconnectionstatechange = null;
    native.close();
    this.#freed();
  }

  #describe(): void {
    const sdp = this.#native.localDescription?.sdp;
    if (!this.#isClosed && sdp !== undefined) this.#listener.described(sdp);
  }

  #stateChanged(): void {
    clearTimeout(this.#graceTimer);
    const { connectionState } = this.#native;
    if (connectionState === 'failed') {
      // No way any more: to whoever was linked it looks as if the other side had vanished.
      this.#end(this.#hasOpened ? 'remote' : 'failed');
    } else if (connectionState === 'disconnected') {
      this.#graceTimer = setTimeout(() => this.#end('remote'), DISCONNECT_GRACE_MS);
    }
  }

  /** Runs a step that fails for a remote's nonsense. */
  #attempt(step: () => Promise<void>): void {
    if (!this.#isClosed) step().catch(() => this.#end('failed'));
  }

  #end(end: 'remote' | 'failed'): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener.closed(end);
  }
}

async function fingerprintOfCertificate(certificate: RTCCertificate): Promise<string | undefined> {
  // Some browsers have the certificate but not this method, whatever the DOM's types say.
  const listed = (certificate as Partial<RTCCertificate>).getFingerprints?.();
  const value = listed?.find(({ algorithm }) => algorithm?.toLowerCase() === 'sha-256')?.value;
  if (value !== undefined) return value.toUpperCase();
  const connection = new RTCPeerConnection({ certificates: [certificate] });
  try {
    connection.createDataChannel(CHANNEL_LABEL);
    return fingerprintOf((await connection.createOffer()).sdp ?? '');
  } finally {
    connection.close();
  }
}

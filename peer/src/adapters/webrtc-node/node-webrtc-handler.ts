import type { IceServer } from '@p2ptv/protocol';
import {
  PeerConnection,
  setSctpSettings,
  type DataChannel,
  type PeerConnection as NativePeerConnection,
} from 'node-datachannel';
import { LINK_LOW_WATER_BYTES } from '../../ports/link.js';
import {
  CHANNEL_ID,
  CHANNEL_LABEL,
  type IceCandidate,
  type WebRtcConnection,
  type WebRtcConnectionListener,
  type WebRtcHandler,
} from '../webrtc/webrtc-handler.js';
import { createDtlsCertificate, type DtlsCertificate } from './certificate.js';
import { nativeIceServers } from './node-ice-server.js';
import { SharedSocket } from './shared-socket.js';

/** How long a lost path may take to come back, ms. */
const DISCONNECT_GRACE_MS = 3_000;
/**
 * How long a message may wait for something to carry its acknowledgement, ms: with the library's 20 each small message costs
 * a packet back. Well below the sender's shortest retransmission timeout, 200; gaps are told at once, and so is every
 * second packet.
 */
const ACKNOWLEDGED_WITHIN_MS = 100;
/** What a description says of paths: candidates go by themselves, when it is their time. */
const CANDIDATE_LINE = /^(?:a=(?:candidate:|end-of-candidates)|c=)/;

/**
 * Native objects must be referred to until they have reported their end: one that is collected
 * earlier takes the process with it, and one that never reports keeps the process alive. Module
 * state, because it has to outlive whoever closes a handler and forgets it.
 */
const unfinished = new Set<NodeWebRtcConnection>();

/**
 * {@link WebRtcHandler} on node-datachannel (libdatachannel). Once all connections are closed, its
 * threads don't keep the process alive. The library's own `cleanup()` is not called: it blocks,
 * and it crashes when an object has not been torn down yet.
 *
 * All connections of a handler share one UDP socket. With one each, the library looks at all of a process's sockets for
 * every packet that comes: a quarter of the processor time of 350 connections.
 */
export class NodeWebRtcHandler implements WebRtcHandler {
  readonly #certificate: DtlsCertificate;
  readonly #connections = new Set<NodeWebRtcConnection>();
  /** Undefined: it could not be had; each connection has one of its own then. */
  readonly #socket: SharedSocket | undefined;

  private constructor(certificate: DtlsCertificate, socket: SharedSocket | undefined) {
    this.#certificate = certificate;
    this.#socket = socket;
  }

  /**
   * Makes a handler with a certificate of its own.
   *
   * @param udpPort the port that its connections share; default: a free one. Where it is taken, each connection takes one of its own
   */
  static async create(udpPort?: number): Promise<NodeWebRtcHandler> {
    const [certificate, socket] = await Promise.all([createDtlsCertificate(), SharedSocket.reserve(udpPort)]);
    setSctpSettings({ delayedSackTime: ACKNOWLEDGED_WITHIN_MS });
    return new NodeWebRtcHandler(certificate, socket);
  }

  get fingerprint(): string {
    return this.#certificate.fingerprint;
  }

  connect(iceServers: readonly IceServer[], listener: WebRtcConnectionListener): WebRtcConnection {
    const native = new PeerConnection(CHANNEL_LABEL, {
      iceServers: nativeIceServers(iceServers),
      certificatePemFile: this.#certificate.certificatePem,
      keyPemFile: this.#certificate.keyPem,
      // Else an answerer's own channel would make an offer.
      disableAutoNegotiation: true,
      ...(this.#socket?.open() ? { enableIceUdpMux: true, portRangeBegin: this.#socket.port, portRangeEnd: this.#socket.port } : {}),
    });
    const connection = new NodeWebRtcConnection(native, listener, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.close();
    this.#socket?.close();
  }
}

class NodeWebRtcConnection implements WebRtcConnection {
  readonly #native: NativePeerConnection;
  readonly #listener: WebRtcConnectionListener;
  readonly #freed: () => void;
  /** Created when the roles are known: see `disableAutoNegotiation`. */
  #channel: DataChannel | undefined;
  /**
   * An offerer's own, until it has taken the answer. libdatachannel opens the path of an answer a moment before it knows
   * the answer's fingerprint: a remote that has our candidates by then is let in, and found to have no certificate that
   * was announced. One that has not finds the path by our checks, as soon.
   */
  #heldCandidates: IceCandidate[] | undefined;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #hasOpened = false;
  #isClosed = false;
  /** Of the connection and of its channel: see `unfinished`. */
  #unreportedEnds = 1;

  /** Each native callback that is set costs something at every wake of the event loop: only those that are needed are. */
  constructor(native: NativePeerConnection, listener: WebRtcConnectionListener, freed: () => void) {
    this.#native = native;
    this.#listener = listener;
    this.#freed = freed;
    unfinished.add(this);
    native.onLocalCandidate(this.#hop((candidate, mid) => this.#candidateFound({ candidate, mid })));
    const stateChanged = this.#hop((state: string) => this.#stateChanged(state));
    native.onStateChange((state) => {
      stateChanged(state);
      if (state === 'closed') this.#reportEnd();
    });
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : (this.#channel?.bufferedAmount() ?? 0);
  }

  get remoteFingerprint(): string {
    return this.#native.remoteFingerprint().value.toUpperCase();
  }

  offer(): void {
    this.#heldCandidates = [];
    this.#attempt(() => {
      this.#createChannel();
      this.#describe('offer');
    });
  }

  answer(offer: string): void {
    this.#attempt(() => {
      this.#native.setRemoteDescription(offer, 'offer');
      this.#createChannel();
      this.#describe('answer');
    });
  }

  accept(answer: string): void {
    this.#attempt(() => {
      this.#native.setRemoteDescription(answer, 'answer');
      const held = this.#heldCandidates ?? [];
      this.#heldCandidates = undefined;
      for (const candidate of held) this.#listener.candidate(candidate);
    });
  }

  addCandidate({ candidate, mid }: IceCandidate): void {
    if (this.#isClosed) return;
    try {
      this.#native.addRemoteCandidate(candidate, mid);
    } catch {
      // One that it cannot parse or resolve; the others may do.
    }
  }

  send(message: Uint8Array<ArrayBuffer> | string): void {
    this.#attempt(() => {
      if (typeof message === 'string') this.#channel?.sendMessage(message);
      else this.#channel?.sendMessageBinary(message);
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#graceTimer);
    this.#native.close();
    this.#freed();
  }

  #describe(type: 'offer' | 'answer'): void {
    this.#native.setLocalDescription(type);
    const sdp = this.#native.localDescription()?.sdp ?? '';
    this.#hop(() => this.#listener.described(withoutPaths(sdp)))();
  }

  #candidateFound(candidate: IceCandidate): void {
    if (this.#heldCandidates) this.#heldCandidates.push(candidate);
    else this.#listener.candidate(candidate);
  }

  #createChannel(): void {
    const channel = this.#native.createDataChannel(CHANNEL_LABEL, { negotiated: true, id: CHANNEL_ID });
    this.#channel = channel;
    channel.setBufferedAmountLowThreshold(LINK_LOW_WATER_BYTES);
    channel.onOpen(
      this.#hop(() => {
        this.#hasOpened = true;
        this.#listener.opened();
      }),
    );
    this.#unreportedEnds++;
    const channelClosed = this.#hop(() => this.#end('remote'));
    channel.onClosed(() => {
      channelClosed();
      this.#reportEnd();
    });
    channel.onBufferedAmountLow(this.#hop(() => this.#listener.drained()));
    channel.onMessage(
      this.#hop((message) => {
        if (typeof message === 'string') this.#listener.text(message);
        else this.#listener.frame(ownBytes(message));
      }),
    );
  }

  #stateChanged(state: string): void {
    clearTimeout(this.#graceTimer);
    if (state === 'closed' || state === 'failed') {
      // No way any more: to whoever was linked it looks as if the other side had vanished.
      this.#end(this.#hasOpened ? 'remote' : 'failed');
    } else if (state === 'disconnected') {
      this.#graceTimer = setTimeout(() => this.#end('remote'), DISCONNECT_GRACE_MS);
    }
  }

  #reportEnd(): void {
    this.#unreportedEnds--;
    if (this.#unreportedEnds === 0) unfinished.delete(this);
  }

  /** Runs a call that throws for a remote's nonsense, or when the channel has just gone. */
  #attempt(call: () => void): void {
    if (this.#isClosed) return;
    try {
      call();
    } catch {
      queueMicrotask(() => this.#end('failed'));
    }
  }

  #end(end: 'remote' | 'failed'): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener.closed(end);
  }

  /**
   * Leaves the native callback first: an exception inside it would abort the process instead of
   * being reported, and closing the connection would happen under its feet.
   */
  #hop<Values extends unknown[]>(call: (...values: Values) => void): (...values: Values) => void {
    return (...values) => {
      queueMicrotask(() => {
        if (!this.#isClosed) call(...values);
      });
    };
  }
}

/** A description as it is before there are candidates (RFC 8840, 4.1.1): port 9, no address. */
function withoutPaths(sdp: string): string {
  return sdp
    .split('\r\n')
    .filter((line) => !CANDIDATE_LINE.test(line))
    .map((line) => line.replace(/^m=application \d+ (.*)$/, 'm=application 9 $1\r\nc=IN IP4 0.0.0.0'))
    .join('\r\n');
}

function ownBytes(message: Buffer | ArrayBuffer): Uint8Array<ArrayBuffer> {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  const { buffer } = message;
  // A buffer from Node's pool is shared with others; the native ones are not.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === message.length) return new Uint8Array(buffer);
  return Uint8Array.from(message);
}

import { processTimer, type StartTimer } from '../../encode/start-timer.js';
import { ntpToWallMs } from '../ntp-time.js';
import type { DtlsParameters } from '../rtp-parameters.js';
import { CONNECT_LIMIT_MS, SILENCE_LIMIT_MS, type SfuProducer, type SfuTransport, type TrackListener, type TrackRequest, type TransportParameters, type TransportState, type TransportStats } from '../sfu-port.js';
import { trackCodecOf, UNKNOWN_CODEC } from '../track-codec.js';
import { FINGERPRINT_ALGORITHMS, type Fingerprint, type MediasoupCapabilities, type MediasoupDirectTransport, type MediasoupProducer, type MediasoupWebRtcTransport } from './mediasoup-api.js';
import { producerParameters } from './router-codecs.js';
import { readRtpPacket } from './rtp-packet.js';

/** What a {@link MediasoupTransport} is made of. */
export type MediasoupTransportParts = {
  readonly webRtc: MediasoupWebRtcTransport;
  /** Brings what the client sends into this process. */
  readonly direct: MediasoupDirectTransport;
  /** Of the router of both. */
  readonly capabilities: MediasoupCapabilities;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
  /** Default: the process's own. */
  readonly startTimer?: StartTimer | undefined;
};

/** How often the worker is asked how the connection is doing. */
const WATCH_MS = 1000;

/** A client's connection at a mediasoup worker, which asks for lost packets and tells what came when. */
export class MediasoupTransport implements SfuTransport {
  readonly parameters: TransportParameters;
  onStateChange: ((state: TransportState) => void) | undefined;
  /** Called once, when it is of no more use. */
  onGone: (() => void) | undefined;
  readonly #parts: MediasoupTransportParts;
  readonly #kinds = new Set<'audio' | 'video'>();
  readonly #producers: MediasoupProducer[] = [];
  #state: TransportState = 'new';
  #isConnecting = false;
  #stats: TransportStats = { receivedBytes: 0, receivedPackets: 0, nackedPackets: 0, recoveredPackets: 0 };
  #cancelWatch: (() => void) | undefined;
  readonly #startedAtMs: number;
  #heardAtMs: number;

  constructor(parts: MediasoupTransportParts) {
    this.#parts = parts;
    const { webRtc, nowMs } = parts;
    this.#startedAtMs = nowMs();
    this.#heardAtMs = nowMs();
    const { usernameFragment, password } = webRtc.iceParameters;
    this.parameters = {
      id: webRtc.id,
      iceParameters: { usernameFragment, password, iceLite: true },
      iceCandidates: webRtc.iceCandidates.map(({ foundation, priority, ip, address, port }) => ({ foundation, priority, ip, address, port, protocol: 'udp', type: 'host' })),
      dtlsParameters: { role: 'server', fingerprints: webRtc.dtlsParameters.fingerprints.filter(({ algorithm }) => algorithm === 'sha-256') },
    };
    webRtc.on('dtlsstatechange', (state) => {
      if (state === 'connected') this.#become('connected');
      else if (state === 'failed' || state === 'closed') this.#end(state);
    });
    webRtc.on('icestatechange', (state) => {
      if (state === 'disconnected') this.#end('closed');
    });
    webRtc.on('routerclose', () => this.#end('closed'));
    this.#watch();
  }

  get state(): TransportState {
    return this.#state;
  }

  get stats(): TransportStats {
    return this.#stats;
  }

  async connect(remote: DtlsParameters): Promise<string | undefined> {
    if (this.#isConnecting) return 'This session is connecting already.';
    this.#isConnecting = true;
    try {
      await this.#parts.webRtc.connect({ dtlsParameters: { role: 'client', fingerprints: fingerprintsOf(remote) } });
      return undefined;
    } catch (error) {
      return `This certificate cannot be taken: ${reasonOf(error)}`;
    }
  }

  async produce({ kind, rtpParameters, listener }: TrackRequest): Promise<SfuProducer | string> {
    if (this.#kinds.has(kind)) return `There is a track of ${kind} already.`;
    const codec = trackCodecOf(kind, rtpParameters);
    if (!codec) return UNKNOWN_CODEC;
    this.#kinds.add(kind);
    const { webRtc, direct, capabilities } = this.#parts;
    try {
      const producer = await webRtc.produce({ kind, rtpParameters: producerParameters(rtpParameters) });
      this.#producers.push(producer);
      producer.on('trace', ({ type, info }) => {
        if (type === 'sr') tellReport(info, listener);
      });
      await producer.enableTraceEvent(['sr']);
      // Nobody here loses what comes from the worker, so nothing is kept for sending it again.
      const consumer = await direct.consume({ producerId: producer.id, rtpCapabilities: capabilities, enableRtx: false });
      consumer.on('rtp', (bytes) => {
        const packet = readRtpPacket(bytes);
        if (packet) listener.onPacket({ ...packet, arrivedAtMs: this.#parts.nowMs() });
      });
      return { id: producer.id, kind, codec, requestKeyFrame: () => void consumer.requestKeyFrame().catch(() => undefined) };
    } catch (error) {
      return `This track cannot be taken: ${reasonOf(error)}`;
    }
  }

  close(): void {
    this.#end('closed');
  }

  #watch(): void {
    this.#cancelWatch = (this.#parts.startTimer ?? processTimer)(WATCH_MS, () => {
      void this.#look().then(() => {
        if (!this.#isOver()) this.#watch();
      });
    });
  }

  async #look(): Promise<void> {
    const nowMs = this.#parts.nowMs();
    if (this.#state === 'new') {
      if (nowMs - this.#startedAtMs > CONNECT_LIMIT_MS) this.#end('failed');
      return;
    }
    const before = this.#stats.receivedBytes;
    // What closes meanwhile tells by its events.
    await this.#measure().catch(() => undefined);
    if (this.#stats.receivedBytes > before) this.#heardAtMs = nowMs;
    else if (nowMs - this.#heardAtMs > SILENCE_LIMIT_MS) this.#end('closed');
  }

  async #measure(): Promise<void> {
    const [transport, ...producers] = await Promise.all([this.#parts.webRtc.getStats(), ...this.#producers.map((producer) => producer.getStats())]);
    const streams = producers.flat();
    const sum = (read: (stream: (typeof streams)[number]) => number): number => streams.reduce((total, stream) => total + read(stream), 0);
    this.#stats = {
      receivedBytes: transport[0]?.rtpBytesReceived ?? 0,
      receivedPackets: sum(({ packetCount }) => packetCount),
      nackedPackets: sum(({ nackPacketCount }) => nackPacketCount),
      recoveredPackets: sum(({ packetsRepaired }) => packetsRepaired),
    };
  }

  #isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  #become(state: TransportState): void {
    if (this.#state === state || this.#isOver()) return;
    this.#state = state;
    if (state === 'connected') this.#heardAtMs = this.#parts.nowMs();
    this.onStateChange?.(state);
  }

  #end(state: 'failed' | 'closed'): void {
    if (this.#isOver()) return;
    this.#cancelWatch?.();
    this.#become(state);
    this.#parts.direct.close();
    this.#parts.webRtc.close();
    this.onGone?.();
  }
}

function fingerprintsOf({ fingerprints }: DtlsParameters): Fingerprint[] {
  return fingerprints.flatMap(({ algorithm: name, value }) => {
    const algorithm = FINGERPRINT_ALGORITHMS.find((known) => known === name.toLowerCase());
    return algorithm === undefined ? [] : [{ algorithm, value }];
  });
}

function tellReport({ ntpSec, ntpFrac, rtpTs }: Readonly<Record<string, unknown>>, listener: TrackListener): void {
  if (typeof ntpSec !== 'number' || typeof ntpFrac !== 'number' || typeof rtpTs !== 'number') return;
  listener.onSenderReport({ wallMs: ntpToWallMs({ seconds: ntpSec, fraction: ntpFrac }), timestamp: rtpTs });
}

function reasonOf(error: unknown): string {
  return `${(error instanceof Error ? error.message : String(error)).replace(/\.$/, '')}.`;
}

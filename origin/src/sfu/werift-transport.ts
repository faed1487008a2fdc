import {
  GenericNack,
  PictureLossIndication,
  RTCDtlsFingerprint,
  RTCDtlsParameters,
  RTCIceParameters,
  RtcpPayloadSpecificFeedback,
  RtcpRrPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
  type RTCDtlsTransport,
  type RTCIceTransport,
  type RtcpPacket,
  type RtpPacket,
} from 'werift';

import { processTimer } from '../encode/start-timer.js';
import type { DtlsParameters } from './rtp-parameters.js';
import { TRANSPORT_SEQUENCE_URI } from './rtp-parameters.js';
import { CONNECT_LIMIT_MS, SILENCE_LIMIT_MS, type SfuProducer, type SfuTransport, type TrackRequest, type TransportParameters, type TransportState, type TransportStats } from './sfu-port.js';
import { TransportFeedback } from './transport-feedback.js';
import { InboundTrack } from './inbound-track.js';

/** What a {@link WeriftTransport} is made of. */
export type WeriftTransportParts = {
  readonly id: string;
  readonly ice: RTCIceTransport;
  readonly dtls: RTCDtlsTransport;
  readonly announcedAddress: string | undefined;
  readonly nowMs: () => number;
};

/** How often lost packets are looked for and asked for. */
const NACK_MS = 20;
/** How often the sender is told when its packets came: often enough for it to find its rate within a second. */
const FEEDBACK_TICKS = 3;
/** Receiver reports, once a second. */
const REPORT_TICKS = 50;
/** Ours, in what we tell senders. */
const OWN_SSRC = 1;
/** Tracks of one client: a picture and a sound. */
const MAX_TRACKS = 2;

/** A client's connection on werift: takes its packets, asks for lost ones, tells what came when. */
export class WeriftTransport implements SfuTransport {
  readonly parameters: TransportParameters;
  onStateChange: ((state: TransportState) => void) | undefined;
  /** Called once, when it is of no more use. */
  onGone: (() => void) | undefined;
  readonly #parts: WeriftTransportParts;
  readonly #tracks: InboundTrack[] = [];
  readonly #feedback = new TransportFeedback();
  #transportSequenceId: number | undefined;
  #state: TransportState = 'new';
  #isConnecting = false;
  #cancelTick: (() => void) | undefined;
  #ticks = 0;
  readonly #startedAtMs: number;
  #lastPacketAtMs: number | undefined;

  constructor(parts: WeriftTransportParts) {
    this.#parts = parts;
    const { id, ice, dtls, announcedAddress, nowMs } = parts;
    this.#startedAtMs = nowMs();
    const own = ice.localCandidates.filter(({ protocol }) => protocol === 'udp');
    const announced = announcedAddress === undefined ? [] : own.slice(0, 1).map(({ port, foundation, priority }) => ({ port, foundation: `a${foundation}`, priority, ip: announcedAddress }));
    this.parameters = {
      id,
      iceParameters: { usernameFragment: ice.localParameters.usernameFragment, password: ice.localParameters.password, iceLite: true },
      iceCandidates: [...announced, ...own].map(({ foundation, priority, ip, port }) => ({ foundation, priority, ip, address: ip, port, protocol: 'udp', type: 'host' })),
      dtlsParameters: { role: 'server', fingerprints: dtls.localParameters.fingerprints.map(({ algorithm, value }) => ({ algorithm, value })) },
    };
    dtls.onRtp.subscribe((packet) => this.#takeRtp(packet));
    dtls.onRtcp.subscribe((packet) => this.#takeRtcp(packet));
    dtls.onStateChange.subscribe((state) => {
      if (state === 'connected') this.#become('connected');
      else if (state === 'failed' || state === 'closed') this.#end(state);
    });
    this.#tick();
  }

  get state(): TransportState {
    return this.#state;
  }

  get stats(): TransportStats {
    const { bytesReceived, packetsReceived } = this.#parts.dtls;
    const sum = (read: (track: InboundTrack) => number): number => this.#tracks.reduce((total, track) => total + read(track), 0);
    return {
      receivedBytes: bytesReceived,
      receivedPackets: packetsReceived,
      nackedPackets: sum((track) => track.nacks.nackedPackets),
      recoveredPackets: sum((track) => track.nacks.recoveredPackets),
    };
  }

  connect(remote: DtlsParameters): Promise<string | undefined> {
    if (this.#isConnecting) return Promise.resolve('This session is connecting already.');
    this.#isConnecting = true;
    const { ice, dtls } = this.#parts;
    // As an ICE-lite agent we answer checks and send none, so the client's own credentials are not needed.
    ice.setRemoteParams(new RTCIceParameters({ usernameFragment: 'client', password: 'client' }));
    dtls.setRemoteParams(new RTCDtlsParameters(remote.fingerprints.map(({ algorithm, value }) => new RTCDtlsFingerprint(algorithm, value)), 'client'));
    const failed = (): void => this.#end('failed');
    ice.start().catch(failed);
    dtls.start().catch(failed);
    return Promise.resolve(undefined);
  }

  produce(request: TrackRequest): Promise<SfuProducer | string> {
    return Promise.resolve(this.#produce(request));
  }

  close(): void {
    this.#end('closed');
  }

  #produce(request: TrackRequest): SfuProducer | string {
    if (this.#tracks.length >= MAX_TRACKS || this.#tracks.some(({ kind }) => kind === request.kind)) return `There is a track of ${request.kind} already.`;
    const track = InboundTrack.create(request);
    if (typeof track === 'string') return track;
    this.#tracks.push(track);
    this.#transportSequenceId ??= request.rtpParameters.headerExtensions?.find(({ uri }) => uri === TRANSPORT_SEQUENCE_URI)?.id;
    return {
      id: track.id,
      kind: track.kind,
      codec: track.codec,
      requestKeyFrame: () => {
        if (track.ssrc !== undefined) this.#send([new RtcpPayloadSpecificFeedback({ feedback: new PictureLossIndication({ senderSsrc: OWN_SSRC, mediaSsrc: track.ssrc }) })]);
      },
    };
  }

  #takeRtp(packet: RtpPacket): void {
    const nowMs = this.#parts.nowMs();
    this.#lastPacketAtMs = nowMs;
    const extension = packet.header.extensions.find(({ id }) => id === this.#transportSequenceId);
    if (extension && extension.payload.length >= 2) this.#feedback.receive(extension.payload.readUInt16BE(0), nowMs);
    for (const track of this.#tracks) if (track.take(packet, nowMs)) return;
  }

  #takeRtcp(packet: RtcpPacket): void {
    if (!(packet instanceof RtcpSrPacket)) return;
    for (const track of this.#tracks) track.takeSenderReport(packet, this.#parts.nowMs());
  }

  #tick(): void {
    this.#cancelTick = processTimer(NACK_MS, () => {
      const nowMs = this.#parts.nowMs();
      if (this.#hasGone(nowMs)) return;
      this.#ticks++;
      if (this.#state === 'connected') this.#tell(nowMs);
      this.#tick();
    });
  }

  #hasGone(nowMs: number): boolean {
    if (this.#state === 'new' && nowMs - this.#startedAtMs > CONNECT_LIMIT_MS) this.#end('failed');
    if (this.#state === 'connected' && nowMs - (this.#lastPacketAtMs ?? nowMs) > SILENCE_LIMIT_MS) this.#end('closed');
    return this.#state === 'failed' || this.#state === 'closed';
  }

  #tell(nowMs: number): void {
    for (const track of this.#tracks) {
      const lost = track.nacks.due(nowMs);
      if (lost.length > 0 && track.ssrc !== undefined) {
        this.#send([new RtcpTransportLayerFeedback({ feedback: new GenericNack({ senderSsrc: OWN_SSRC, mediaSourceSsrc: track.ssrc, lost }) })]);
      }
    }
    if (this.#ticks % FEEDBACK_TICKS === 0) {
      const feedback = this.#feedback.take({ sender: OWN_SSRC, media: this.#tracks.find(({ ssrc }) => ssrc !== undefined)?.ssrc ?? 0 });
      if (feedback) this.#send([{ serialize: () => feedback }]);
    }
    if (this.#ticks % REPORT_TICKS === 0) {
      const reports = this.#tracks.flatMap((track) => track.report(nowMs) ?? []);
      if (reports.length > 0) this.#send([new RtcpRrPacket({ ssrc: OWN_SSRC, reports })]);
    }
  }

  /** What it sends it serializes, and asks nothing else of it. */
  #send(packets: readonly { serialize(): Buffer }[]): void {
    if (this.#state === 'connected') void this.#parts.dtls.sendRtcp(packets as RtcpPacket[]);
  }

  #become(state: TransportState): void {
    if (this.#state === state || this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = state;
    if (state === 'connected') this.#lastPacketAtMs = this.#parts.nowMs();
    this.onStateChange?.(state);
  }

  #end(state: 'failed' | 'closed'): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#cancelTick?.();
    const { ice, dtls } = this.#parts;
    this.#become(state);
    this.onGone?.();
    // The goodbye goes out before the sockets close; what fails is gone anyway.
    void dtls.stop().catch(() => undefined).finally(() => void ice.stop().catch(() => undefined));
  }
}

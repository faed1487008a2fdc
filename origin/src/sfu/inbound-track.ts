import { randomUUID } from 'node:crypto';

import { RtcpReceiverInfo, type RtcpSrPacket, type RtpPacket } from 'werift';

import { NackGenerator } from './nack-generator.js';
import { ntpToWallMs } from './ntp-time.js';
import { ReceptionStatistics } from './reception-statistics.js';
import type { RtpParameters } from './rtp-parameters.js';
import type { TrackCodec, TrackListener, TrackRequest } from './sfu-port.js';
import { trackCodecOf, UNKNOWN_CODEC } from './track-codec.js';

const MAX_UINT24 = 0xffffff;
const MAX_UINT32 = 0xffffffff;

/** What one track of a client sends us: its packets and their retransmissions, told apart by payload type. */
export class InboundTrack {
  readonly id = randomUUID();
  readonly kind: 'audio' | 'video';
  readonly codec: TrackCodec;
  readonly nacks = new NackGenerator();
  readonly #listener: TrackListener;
  readonly #payloadType: number;
  readonly #rtxPayloadType: number | undefined;
  readonly #hasNack: boolean;
  readonly #statistics: ReceptionStatistics;
  #ssrc: number | undefined;
  #lastReport: { readonly middle: number; readonly atMs: number } | undefined;

  private constructor(kind: 'audio' | 'video', codec: RtpParameters['codecs'][number], more: { readonly rtxPayloadType: number | undefined; readonly listener: TrackListener; readonly name: TrackCodec }) {
    this.kind = kind;
    this.codec = more.name;
    this.#listener = more.listener;
    this.#payloadType = codec.payloadType;
    this.#rtxPayloadType = more.rtxPayloadType;
    this.#hasNack = codec.rtcpFeedback?.some(({ type, parameter }) => type === 'nack' && !parameter) ?? false;
    this.#statistics = new ReceptionStatistics(codec.clockRate);
  }

  /** @returns a sentence for the client when we have no use for the track */
  static create({ kind, rtpParameters, listener }: TrackRequest): InboundTrack | string {
    const [codec] = rtpParameters.codecs;
    const name = trackCodecOf(kind, rtpParameters);
    if (!codec || !name) return UNKNOWN_CODEC;
    const rtx = rtpParameters.codecs.find(({ mimeType, parameters }) => /\/rtx$/i.test(mimeType) && Number(parameters?.['apt']) === codec.payloadType);
    return new InboundTrack(kind, codec, { rtxPayloadType: rtx?.payloadType, listener, name });
  }

  /** The sender's number of the track, once a packet has come. */
  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** Takes a packet if it is of this track; whether it was. */
  take({ header, payload }: RtpPacket, nowMs: number): boolean {
    if (header.payloadType === this.#payloadType) {
      this.#ssrc ??= header.ssrc;
      if (header.ssrc !== this.#ssrc) return true;
      this.#statistics.receive({ sequenceNumber: header.sequenceNumber, timestamp: header.timestamp }, nowMs);
      this.#pass({ sequenceNumber: header.sequenceNumber, timestamp: header.timestamp, isMarked: header.marker, payload }, nowMs);
      return true;
    }
    if (header.payloadType !== this.#rtxPayloadType) return false;
    // RFC 4588: the original number, then the original payload; less is padding, by which the line is probed.
    if (payload.length > 2) {
      this.#pass({ sequenceNumber: payload.readUInt16BE(0), timestamp: header.timestamp, isMarked: header.marker, payload: payload.subarray(2) }, nowMs);
    }
    return true;
  }

  /** Takes a sender report if it is of this track. */
  takeSenderReport({ ssrc, senderInfo }: RtcpSrPacket, nowMs: number): void {
    if (ssrc !== this.#ssrc) return;
    const ntp = senderInfo.ntpTimestamp;
    const wallMs = ntpToWallMs({ seconds: Number(ntp >> 32n), fraction: Number(ntp & 0xffffffffn) });
    this.#lastReport = { middle: Number((ntp >> 16n) & 0xffffffffn), atMs: nowMs };
    this.#listener.onSenderReport({ wallMs, timestamp: senderInfo.rtpTimestamp });
  }

  /** What a receiver report says of this track; undefined before its first packet. */
  report(nowMs: number): RtcpReceiverInfo | undefined {
    if (this.#ssrc === undefined) return undefined;
    const sinceReport = this.#lastReport === undefined ? 0 : Math.min(MAX_UINT32, Math.round(((nowMs - this.#lastReport.atMs) / 1000) * 65_536));
    const { packetsLost, ...report } = this.#statistics.report();
    // Signed on the wire (RFC 3550 section 6.4.1), where werift writes it unsigned and throws at what is negative.
    return new RtcpReceiverInfo({ ssrc: this.#ssrc, ...report, packetsLost: packetsLost & MAX_UINT24, lsr: this.#lastReport?.middle ?? 0, dlsr: sinceReport });
  }

  #pass(packet: Omit<Parameters<TrackListener['onPacket']>[0], 'arrivedAtMs'>, nowMs: number): void {
    if (this.#hasNack) this.nacks.receive(packet.sequenceNumber, nowMs);
    this.#listener.onPacket({ ...packet, arrivedAtMs: nowMs });
  }
}

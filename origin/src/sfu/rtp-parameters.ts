import * as z from 'zod';

/** Names that come from remotes; longer ones are no codec and no extension of ours. */
const name = z.string().max(120);
const payloadType = z.int().min(0).max(127);
const ssrc = z.int().min(0).max(0xffffffff);
/** The highest number of a header extension whose head is one byte (RFC 8285). */
export const MAX_EXTENSION_ID = 14;

const rtcpFeedback = z.object({ type: name, parameter: name.optional() });

const codecParameters = z.object({
  mimeType: name,
  payloadType,
  clockRate: z.int().min(1000).max(192_000),
  channels: z.int().min(1).max(8).optional(),
  parameters: z.record(name, z.union([z.string().max(1000), z.number()])).optional(),
  rtcpFeedback: z.array(rtcpFeedback).max(16).optional(),
});

/**
 * How a client sends one track, as mediasoup-client describes it (mediasoup's RtpParameters); what we
 * have no use for is left out.
 */
export const rtpParametersSchema = z.object({
  /** The track's name in the header extension of {@link MID_URI}. */
  mid: z.string().max(32).optional(),
  codecs: z.array(codecParameters).min(1).max(16),
  headerExtensions: z.array(z.object({ uri: z.string().max(200), id: z.int().min(1).max(MAX_EXTENSION_ID) })).max(20).optional(),
  /** The numbers of its packets, where they are known beforehand. */
  encodings: z.array(z.object({ ssrc: ssrc.optional(), rtx: z.object({ ssrc }).optional() })).max(8).optional(),
});
export type RtpParameters = z.infer<typeof rtpParametersSchema>;

/** A client's DTLS certificate and role. */
export const dtlsParametersSchema = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z.array(z.object({ algorithm: z.string().max(20), value: z.string().max(200) })).min(1).max(8),
});
export type DtlsParameters = z.infer<typeof dtlsParametersSchema>;

/** One codec that we take, in the form of mediasoup's RtpCapabilities. */
export type CodecCapability = {
  readonly kind: 'audio' | 'video';
  readonly mimeType: string;
  readonly preferredPayloadType: number;
  readonly clockRate: number;
  readonly channels?: number;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly rtcpFeedback: readonly { readonly type: string; readonly parameter?: string }[];
};

/** What we take from clients, in the form of mediasoup's RtpCapabilities. */
export type RtpCapabilities = {
  readonly codecs: readonly CodecCapability[];
  readonly headerExtensions: readonly {
    readonly kind: 'audio' | 'video';
    readonly uri: string;
    readonly preferredId: number;
    readonly preferredEncrypt: boolean;
    readonly direction: 'recvonly' | 'sendrecv';
  }[];
};

/** Numbers each packet of a transport, so that the sender learns from our feedback what its line carries. */
export const TRANSPORT_SEQUENCE_URI = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
/** Names the track that a packet is of (RFC 8843). */
export const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
/** Carries the sender's wall clock at capture. */
export const CAPTURE_TIME_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

const VIDEO_FEEDBACK = [
  { type: 'nack' },
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'transport-cc' },
] as const;

/**
 * What every publisher may send: Opus, and H.264 or VP8. H.264 comes first, because it is what viewers
 * get, and all encoders in hardware speak it; main and high profiles come from OBS.
 */
export const ROUTER_CAPABILITIES: RtpCapabilities = {
  codecs: [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      preferredPayloadType: 100,
      clockRate: 48_000,
      channels: 2,
      parameters: { useinbandfec: 1 },
      rtcpFeedback: [{ type: 'nack' }, { type: 'transport-cc' }],
    },
    ...h264('42e01f', 101),
    ...h264('4d001f', 103),
    ...h264('640c1f', 105),
    {
      kind: 'video',
      mimeType: 'video/VP8',
      preferredPayloadType: 107,
      clockRate: 90_000,
      parameters: {},
      rtcpFeedback: VIDEO_FEEDBACK,
    },
    rtx(107),
  ],
  headerExtensions: (['audio', 'video'] as const).flatMap((kind) => [
    { kind, uri: MID_URI, preferredId: 1, preferredEncrypt: false, direction: 'recvonly' as const },
    { kind, uri: TRANSPORT_SEQUENCE_URI, preferredId: 5, preferredEncrypt: false, direction: 'recvonly' as const },
    { kind, uri: CAPTURE_TIME_URI, preferredId: 13, preferredEncrypt: false, direction: 'recvonly' as const },
  ]),
};

function h264(profileLevelId: string, payload: number): CodecCapability[] {
  return [
    {
      kind: 'video',
      mimeType: 'video/H264',
      preferredPayloadType: payload,
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'level-asymmetry-allowed': 1, 'profile-level-id': profileLevelId },
      rtcpFeedback: VIDEO_FEEDBACK,
    },
    rtx(payload),
  ];
}

function rtx(payload: number): CodecCapability {
  return {
    kind: 'video',
    mimeType: 'video/rtx',
    preferredPayloadType: payload + 1,
    clockRate: 90_000,
    parameters: { apt: payload },
    rtcpFeedback: [],
  };
}

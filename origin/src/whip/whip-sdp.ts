import { parse, write, type SessionDescription } from 'sdp-transform';

import { CAPTURE_TIME_URI, dtlsParametersSchema, MAX_EXTENSION_ID, MID_URI, rtpParametersSchema, TRANSPORT_SEQUENCE_URI, type DtlsParameters, type RtpParameters } from '../sfu/rtp-parameters.js';
import type { TransportParameters } from '../sfu/sfu-port.js';

/** One track of an offer that we take. */
export type OfferedTrack = {
  readonly kind: 'audio' | 'video';
  readonly rtpParameters: RtpParameters;
  /** Frames a second, where the offer tells. */
  readonly frameRate: number | undefined;
};

/** What a WHIP client offers. */
export type WhipOffer = {
  readonly tracks: readonly OfferedTrack[];
  readonly dtlsParameters: DtlsParameters;
  /** For the answer. */
  readonly description: SessionDescription;
};

type Media = SessionDescription['media'][number];

/** Feedback that we give. */
const FEEDBACK = new Set(['nack', 'nack pli', 'ccm fir', 'transport-cc']);
/** Header extensions that we read. */
const EXTENSIONS = new Set([MID_URI, TRANSPORT_SEQUENCE_URI, CAPTURE_TIME_URI]);
/** Senders that know of it begin with this rate, kb/s, so that the first picture is sharp. */
const START_KBPS = 1500;

/**
 * Reads an SDP offer (RFC 9725).
 *
 * @returns a sentence for the client when we cannot take it
 */
export function parseOffer(sdp: string): WhipOffer | string {
  let description: SessionDescription;
  try {
    description = parse(sdp);
  } catch {
    return 'The offer is no SDP.';
  }
  if (!Array.isArray(description.media) || description.media.length === 0) return 'The offer has no media.';
  // The parser keeps a line that it does not understand, as nothing.
  if (!description.media.every(({ type, protocol }) => type && protocol)) return 'The offer has media that it does not describe.';
  const fingerprint = description.fingerprint ?? description.media.find((media) => media.fingerprint)?.fingerprint;
  if (!fingerprint) return 'The offer has no certificate fingerprint.';
  const tracks = description.media.flatMap((media) => trackOf(media) ?? []);
  // Who means to send a picture is not taken for one who sends sound alone.
  const isPictureMeant = description.media.some((media) => media.type === 'video' && isSent(media));
  if (isPictureMeant && !tracks.some(({ kind }) => kind === 'video')) return 'The offer must send its picture in H.264 or VP8.';
  if (tracks.length === 0) return 'The offer must send a picture in H.264 or VP8, or sound in Opus.';
  const dtlsParameters = dtlsParametersSchema.safeParse({ fingerprints: [{ algorithm: fingerprint.type, value: fingerprint.hash }] });
  if (!dtlsParameters.success) return 'The offer has no certificate fingerprint that can be one.';
  const offered = firstOfEachKind(tracks);
  // The parser bounds nothing, and takes for a number what looks like one.
  if (!offered.every(({ rtpParameters }) => rtpParametersSchema.safeParse(rtpParameters).success)) return 'The offer describes a track by names or numbers that cannot be.';
  return { tracks: offered, dtlsParameters: dtlsParameters.data, description };
}

/** The answer: we take the tracks with the codecs chosen, and refuse all else. */
export function writeAnswer(offer: WhipOffer, transport: TransportParameters): string {
  const chosen = new Map(offer.tracks.map((track) => [track.kind as string, track]));
  const media = offer.description.media.map((offered) => {
    const track = chosen.get(offered.type);
    if (!track || !trackOf(offered)) return refused(offered, transport);
    chosen.delete(offered.type);
    return accepted(offered, track, transport);
  });
  const mids = media.flatMap(({ port, mid }) => (port === 0 || mid === undefined ? [] : [mid]));
  return write({
    version: 0,
    origin: { username: '-', sessionId: transport.id.replace(/\D/g, '').slice(0, 15), sessionVersion: 1, netType: 'IN', ipVer: 4, address: '127.0.0.1' },
    name: '-',
    timing: { start: 0, stop: 0 },
    icelite: 'ice-lite',
    ...(mids.length > 0 ? { groups: [{ type: 'BUNDLE', mids: mids.join(' ') }] } : {}),
    msidSemantic: { semantic: 'WMS', token: '*' },
    media,
  });
}

function firstOfEachKind(tracks: readonly OfferedTrack[]): OfferedTrack[] {
  return tracks.filter((track, index) => tracks.findIndex(({ kind }) => kind === track.kind) === index);
}

/** A port of 0 says that there is nothing, but for what has none of its own because it goes with the others (RFC 9143, section 6). */
function isSent({ direction, port, bundleOnly }: Media): boolean {
  return (port !== 0 || bundleOnly !== undefined) && (direction === undefined || direction === 'sendrecv' || direction === 'sendonly');
}

function trackOf(media: Media): OfferedTrack | undefined {
  if (!isSent(media) || (media.type !== 'audio' && media.type !== 'video')) return undefined;
  const codec = chooseCodec(media);
  if (!codec) return undefined;
  const payload = codec.payload;
  const rtx = media.rtp.find((other) => /^rtx$/i.test(other.codec) && formatOf(media, other.payload)['apt'] === String(payload));
  const describe = (from: Media['rtp'][number]): RtpParameters['codecs'][number] => ({
    mimeType: `${media.type}/${from.codec}`,
    payloadType: from.payload,
    clockRate: from.rate ?? (media.type === 'audio' ? 48_000 : 90_000),
    ...(from.encoding === undefined ? {} : { channels: from.encoding }),
    parameters: formatOf(media, from.payload),
    rtcpFeedback: (media.rtcpFb ?? [])
      .filter((feedback) => String(feedback.payload) === String(from.payload) || feedback.payload === ('*' as unknown))
      .map(({ type, subtype }) => ({ type, ...(subtype === undefined ? {} : { parameter: subtype }) })),
  });
  return {
    kind: media.type,
    frameRate: Number(media.framerate) > 0 ? Number(media.framerate) : undefined,
    rtpParameters: {
      ...(media.mid === undefined ? {} : { mid: textOf(media.mid) }),
      codecs: [describe(codec), ...(rtx ? [describe(rtx)] : [])],
      headerExtensions: (media.ext ?? []).filter(({ uri, value }) => EXTENSIONS.has(uri) && value <= MAX_EXTENSION_ID).map(({ uri, value }) => ({ uri, id: value })),
      encodings: encodingsOf(media),
    },
  };
}

/** The parser makes numbers of texts that look like them, whatever its types say. */
function textOf(value: string | number): string {
  return String(value);
}

/** The numbers of packets and of their retransmissions (RFC 5576), where the offer tells. */
function encodingsOf(media: Media): NonNullable<RtpParameters['encodings']> {
  const group = media.ssrcGroups?.find(({ semantics }) => semantics === 'FID')?.ssrcs;
  const [ssrc, rtxSsrc] = textOf(group ?? media.ssrcs?.[0]?.id ?? '').split(' ').filter(Boolean).map(Number);
  if (ssrc === undefined) return [];
  return [{ ssrc, ...(rtxSsrc === undefined ? {} : { rtx: { ssrc: rtxSsrc } }) }];
}

/** H.264 before VP8: it is what viewers get. */
function chooseCodec(media: Media): Media['rtp'][number] | undefined {
  const named = (name: RegExp): Media['rtp'] => media.rtp.filter(({ codec }) => name.test(codec));
  if (media.type === 'audio') return named(/^opus$/i)[0];
  const whole = named(/^h264$/i).filter(({ payload }) => formatOf(media, payload)['packetization-mode'] === '1');
  return whole[0] ?? named(/^vp8$/i)[0];
}

function formatOf(media: Media, payload: number): Record<string, string> {
  const config = (media.fmtp.find((format) => format.payload === payload)?.config ?? '').split(';');
  return Object.fromEntries(config.flatMap((pair) => (pair.includes('=') ? [[pair.split('=')[0]?.trim() ?? '', pair.split('=').slice(1).join('=').trim()]] : [])));
}

/** GStreamer takes no answer in which anything is without certificate and credentials, be it refused. */
function refused(offered: Media, transport: TransportParameters): Media   {
  const { type, protocol, payloads, mid } = offered;
  const named = { ...(payloads === undefined ? {} : { payloads }), ...(mid === undefined ? {} : { mid }) };
  return { type, port: 0, protocol, ...named, ...connectionOf(transport), direction: 'inactive', rtp: [], fmtp: [] };
}

function connectionOf({ iceParameters, dtlsParameters }: TransportParameters): Pick<Media, 'connection' | 'iceUfrag' | 'icePwd' | 'fingerprint' | 'setup'> {
  const [fingerprint] = dtlsParameters.fingerprints;
  return {
    connection: { version: 4, ip: '0.0.0.0' },
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    fingerprint: { type: fingerprint?.algorithm ?? 'sha-256', hash: fingerprint?.value ?? '' },
    setup: 'passive',
  };
}

function accepted(offered: Media, track: OfferedTrack, transport: TransportParameters): Media   {
  const { codecs, headerExtensions = [] } = track.rtpParameters;
  const payloads = codecs.map(({ payloadType }) => payloadType);
  const [main] = codecs;
  return {
    type: offered.type,
    port: 9,
    protocol: offered.protocol,
    payloads: payloads.join(' '),
    ...connectionOf(transport),
    ...(offered.mid === undefined ? {} : { mid: offered.mid }),
    direction: 'recvonly',
    rtcpMux: 'rtcp-mux',
    rtcpRsize: 'rtcp-rsize',
    candidates: transport.iceCandidates.map(({ foundation, priority, ip, port }) => ({ foundation, component: 1, transport: 'udp', priority, ip, port, type: 'host' })),
    endOfCandidates: 'end-of-candidates',
    rtp: offered.rtp.filter(({ payload }) => payloads.includes(payload)),
    fmtp: offered.fmtp
      .filter(({ payload }) => payloads.includes(payload))
      .map(({ payload, config }) => ({ payload, config: payload === main?.payloadType && track.kind === 'video' ? `${config};x-google-start-bitrate=${START_KBPS}` : config })),
    rtcpFb: (offered.rtcpFb ?? []).filter(({ payload, type, subtype }) => payloads.includes(Number(payload)) && FEEDBACK.has(subtype === undefined ? type : `${type} ${subtype}`)),
    ext: headerExtensions.map(({ uri, id }) => ({ uri, value: id })),
  };
}

import { CAPTURE_TIME_URI, MID_URI, ROUTER_CAPABILITIES, TRANSPORT_SEQUENCE_URI, type RtpParameters } from '../rtp-parameters.js';
import type { ProducerParameters, RouterCodec } from './mediasoup-api.js';

/** mediasoup tells H.264 apart by profile and way of packing, and moves all of it in the same way: one stands for all. */
const H264_PARAMETERS = { 'packetization-mode': 1, 'level-asymmetry-allowed': 1, 'profile-level-id': '42e01f' };

const EXTENSIONS = [CAPTURE_TIME_URI, MID_URI, TRANSPORT_SEQUENCE_URI] as const;

/** What a router takes: what {@link ROUTER_CAPABILITIES} tells clients. Retransmissions come by themselves. */
export const ROUTER_CODECS: readonly RouterCodec[] = ROUTER_CAPABILITIES.codecs
  .filter(({ mimeType, parameters }) => !/\/rtx$/i.test(mimeType) && (!isH264(mimeType) || parameters['profile-level-id'] === H264_PARAMETERS['profile-level-id']))
  .map(({ kind, mimeType, clockRate, channels, parameters }) => ({ kind, mimeType, clockRate, ...(channels === undefined ? {} : { channels }), parameters: { ...parameters } }));

/** A client's track in the words of mediasoup: one stream of packets, and numbers where an offer has texts. */
export function producerParameters({ codecs, headerExtensions, encodings, ...others }: RtpParameters): ProducerParameters {
  return {
    ...others,
    codecs: codecs.map((codec) => ({ ...codec, parameters: isH264(codec.mimeType) ? H264_PARAMETERS : withNumbers(codec.parameters ?? {}) })),
    headerExtensions: (headerExtensions ?? []).flatMap(({ uri: name, id }) => {
      const uri = EXTENSIONS.find((known) => known === name);
      return uri === undefined ? [] : [{ uri, id }];
    }),
    // The best of several qualities would be another stream from one moment to the next.
    encodings: encodings?.slice(0, 1) ?? [],
  };
}

function isH264(mimeType: string): boolean {
  return /\/h264$/i.test(mimeType);
}

function withNumbers(parameters: Readonly<Record<string, string | number>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, /^\d{1,9}$/.test(String(value)) ? Number(value) : value]));
}

import { randomUUID } from 'node:crypto';

import { RTCDtlsTransport, RTCIceGatherer, RTCIceTransport, type IceOptions } from 'werift';

import { MAX_TRANSPORTS, type SfuPort, type SfuTransport } from './sfu-port.js';
import { WeriftTransport } from './werift-transport.js';

/** Options of a {@link WeriftSfu}. */
export type WeriftSfuOptions = {
  /** The UDP ports that transports may use, lowest and highest; default: whichever the system gives. */
  readonly portRange?: readonly [number, number] | undefined;
  /** Where the world reaches this machine, if that is none of its own addresses (NAT). */
  readonly announcedAddress?: string | undefined;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
};

/**
 * Takes media over WebRTC in this process: ICE-lite, DTLS and SRTP by werift.
 *
 * ICE-lite, because a server has an address that clients reach, and because mediasoup-client never
 * tells the browser's ICE password.
 */
export class WeriftSfu implements SfuPort {
  readonly #options: WeriftSfuOptions;
  readonly #transports = new Set<WeriftTransport>();

  constructor(options: WeriftSfuOptions) {
    this.#options = options;
  }

  async createTransport(): Promise<SfuTransport> {
    if (this.#transports.size >= MAX_TRANSPORTS) throw new Error(`There are ${MAX_TRANSPORTS} publishers already.`);
    const { portRange, announcedAddress, nowMs } = this.#options;
    const certificate = await RTCDtlsTransport.SetupCertificate();
    const options: Partial<IceOptions> = {
      iceLite: true,
      useTcp: false,
      // Clients on this machine reach it when the network is down.
      additionalHostAddresses: ['127.0.0.1'],
      ...(portRange === undefined ? {} : { portRange: [...portRange] }),
    };
    const gatherer = new RTCIceGatherer(options);
    const ice = new RTCIceTransport(gatherer);
    await gatherer.gather();
    const dtls = new RTCDtlsTransport({}, ice, certificate, [...SRTP_PROFILES]);
    dtls.role = 'server';
    const transport = new WeriftTransport({ id: randomUUID(), ice, dtls, announcedAddress, nowMs });
    this.#transports.add(transport);
    transport.onGone = () => void this.#transports.delete(transport);
    return transport;
  }

  close(): void {
    for (const transport of [...this.#transports]) transport.close();
  }
}

/** AEAD_AES_128_GCM, which processors are fast at, then what every client has (AES128_CM_HMAC_SHA1_80). */
const SRTP_PROFILES = [7, 1] as const;

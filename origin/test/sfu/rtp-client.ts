import { PeerConnection, Video, type Track } from 'node-datachannel';
import { vi } from 'vitest';

import type { SfuProducer, SfuTransport, TrackListener } from '../../src/sfu/sfu-port.js';
import { parseOffer, writeAnswer, type WhipOffer } from '../../src/whip/whip-sdp.js';

const PAYLOAD_TYPE = 96;
const SSRC = 0x11223344;
/** What begins a key frame in H.264: the parameters of the sequence. */
export const KEY_FRAME = Buffer.from([0x67, 0x42, 0xe0, 0x1f, 0xda]);
export const OTHER_FRAME = Buffer.from([0x61, 1, 2, 3]);

/** One RTP packet to send; a dressed one has a header extension and padding. */
export type OutgoingPacket = { readonly timestamp: number; readonly isMarked?: boolean; readonly payload: Buffer; readonly isDressed?: boolean };

/** A publisher of one H.264 track on libdatachannel, which OBS uses too: what it sends is made up here, packet by packet. */
export class RtpClient {
  readonly offer: WhipOffer;
  /** The RTCP packets that came, one by one. */
  readonly received: Buffer[] = [];
  readonly #connection: PeerConnection;
  readonly #track: Track;
  #sequenceNumber = 65_535;

  private constructor(connection: PeerConnection, { track, offer }: { readonly track: Track; readonly offer: WhipOffer }) {
    this.#connection = connection;
    this.#track = track;
    this.offer = offer;
    track.onMessage((message) => this.received.push(...packetsOf(message)));
  }

  static async create(): Promise<RtpClient> {
    const connection = new PeerConnection('publisher', { iceServers: [] });
    const video = new Video('0', 'SendOnly');
    video.addH264Codec(PAYLOAD_TYPE);
    video.addSSRC(SSRC, 'publisher');
    const track = connection.addTrack(video);
    connection.setLocalDescription();
    await vi.waitFor(() => {
      if (connection.gatheringState() !== 'complete') throw new Error('It still looks for addresses.');
    });
    const offer = parseOffer(connection.localDescription()?.sdp ?? '');
    if (typeof offer === 'string') throw new Error(offer);
    return new RtpClient(connection, { track, offer });
  }

  /** Publishes to a transport; when it returns, the track is open. */
  async publish(transport: SfuTransport, listener: TrackListener): Promise<SfuProducer> {
    const [track] = this.offer.tracks;
    if (!track) throw new Error('The offer has no track.');
    const producer = await transport.produce({ kind: track.kind, rtpParameters: track.rtpParameters, listener });
    if (typeof producer === 'string') throw new Error(producer);
    const problem = await transport.connect(this.offer.dtlsParameters);
    if (problem !== undefined) throw new Error(problem);
    this.#connection.setRemoteDescription(writeAnswer(this.offer, transport.parameters), 'answer');
    await vi.waitFor(() => {
      if (!this.#track.isOpen()) throw new Error('The track is not open.');
    }, WAIT);
    return producer;
  }

  /** Sends packets under the next numbers. */
  send(...packets: readonly OutgoingPacket[]): void {
    for (const packet of packets) this.#send(packet, this.#next());
  }

  /** Does not send a packet; the function that it returns sends it after all. */
  hold(packet: OutgoingPacket): { readonly sequenceNumber: number; readonly send: () => void } {
    const sequenceNumber = this.#next();
    return { sequenceNumber, send: () => this.#send(packet, sequenceNumber) };
  }

  /** Sends an RTCP sender report. */
  report({ ntpSeconds, ntpFraction, timestamp }: { readonly ntpSeconds: number; readonly ntpFraction: number; readonly timestamp: number }): void {
    const report = Buffer.alloc(28);
    report[0] = 0x80;
    report[1] = 200;
    report.writeUInt16BE(report.length / 4 - 1, 2);
    for (const [index, word] of [SSRC, ntpSeconds, ntpFraction, timestamp, 1, 1].entries()) report.writeUInt32BE(word, 4 + 4 * index);
    this.#track.sendMessageBinary(report);
  }

  /** Whether it was asked for a key frame (RFC 4585, PLI). */
  get hasBeenAskedForKey(): boolean {
    return this.received.some((packet) => packet[1] === 206 && (packet[0]! & 0x1f) === 1 && packet.readUInt32BE(8) === SSRC);
  }

  /** The packets that it was asked to send again (RFC 4585, generic NACK). */
  get nacked(): number[] {
    const nacks = this.received.filter((packet) => packet[1] === 205 && (packet[0]! & 0x1f) === 1 && packet.readUInt32BE(8) === SSRC);
    return nacks.flatMap((packet) => Array.from({ length: packet.length / 4 - 3 }, (_, index) => packet.readUInt16BE(12 + 4 * index)));
  }

  close(): void {
    this.#connection.close();
  }

  #next(): number {
    const next = this.#sequenceNumber;
    this.#sequenceNumber = (next + 1) & 0xffff;
    return next;
  }

  #send({ timestamp, isMarked = false, payload, isDressed = false }: OutgoingPacket, sequenceNumber: number): void {
    const header = Buffer.alloc(12);
    header[0] = 0x80 | (isDressed ? 0x30 : 0);
    header[1] = PAYLOAD_TYPE | (isMarked ? 0x80 : 0);
    header.writeUInt16BE(sequenceNumber, 2);
    header.writeUInt32BE(timestamp, 4);
    header.writeUInt32BE(SSRC, 8);
    const extension = Buffer.from([0xbe, 0xde, 0, 1, 0xe1, 7, 7, 0]);
    this.#track.sendMessageBinary(isDressed ? Buffer.concat([header, extension, payload, Buffer.from([0, 0, 3])]) : Buffer.concat([header, payload]));
  }
}

/** How conditions are waited for. */
export const WAIT = { timeout: 10_000, interval: 10 };

/** The packets of a compound (RFC 3550 section 6.1). */
function packetsOf(compound: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at + 4 <= compound.length; ) {
    const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
    packets.push(compound.subarray(at, end));
    at = end;
  }
  return packets;
}

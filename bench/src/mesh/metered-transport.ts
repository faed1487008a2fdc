import type { Link, LinkTransport } from '@p2ptv/peer';
import { decodeMessage, encodeMessage, type ChunkRef, type ChunkSequence, type PeerId, type RenditionId } from '@p2ptv/protocol';

/** What a meter is told of the frames of one peer. */
export interface FrameMeter {
  /** One has left for a neighbour. */
  sent(frame: FrameFacts): void;
  /** One has come. */
  received(frame: FrameFacts & { readonly isFromOrigin: boolean }): void;
  /** A link is up that this peer has dialled, so long after it began to, ms. */
  linked(tookMs: number): void;
  /** One of those by which delays are measured has left, or come: the same on both sides. */
  marked(mark: FrameMark): void;
}

/** A frame, as far as it is counted. */
export type FrameFacts = {
  readonly bytes: number;
  /** Of these, media; 0: it is about something else. */
  readonly mediaBytes: number;
  /** What the media are of. */
  readonly chunk: ChunkRef | undefined;
};

/** One frame at one end of a link. */
export type FrameMark = {
  readonly from: PeerId;
  readonly to: PeerId;
  /** Which of the link's frames in that direction, from 0. */
  readonly ordinal: number;
  readonly isArrival: boolean;
};

/** One frame of so many is marked. */
const MARKED_EVERY = 64;
/** How frames with media begin: others, which take longer to decode, are left to the session. */
const [BLOCK_TYPE] = encodeMessage({ kind: 'block', rendition: 0 as RenditionId, sequence: 0 as ChunkSequence, index: 0, bytes: new Uint8Array(1) });

/** The same transport, with links whose frames are counted as they come and go. */
export function meteredTransport(transport: LinkTransport, peerId: PeerId, meter: FrameMeter): LinkTransport {
  const dialledAtMs = new Map<PeerId, number>();
  const settled = (to: PeerId): number | undefined => {
    const atMs = dialledAtMs.get(to);
    dialledAtMs.delete(to);
    return atMs;
  };
  return {
    fingerprint: transport.fingerprint,
    setCredentials: (credentials) => transport.setCredentials(credentials),
    setLinkLimit: (limit) => transport.setLinkLimit(limit),
    dial: (to) => {
      if (!dialledAtMs.has(to)) dialledAtMs.set(to, performance.now());
      transport.dial(to);
    },
    signal: (signal) => transport.signal(signal),
    listen: (listener) =>
      transport.listen({
        sendSignal: (signal) => listener.sendSignal(signal),
        linkOpened: (link, isInitiator) => {
          const atMs = settled(link.remote.peerId);
          if (atMs !== undefined) meter.linked(performance.now() - atMs);
          listener.linkOpened(meteredLink(link, peerId, meter), isInitiator);
        },
        dialFailed: (to, failure) => {
          settled(to);
          listener.dialFailed(to, failure);
        },
      }),
    close: () => transport.close(),
  };
}

function meteredLink(link: Link, peerId: PeerId, meter: FrameMeter): Link {
  const { remote } = link;
  const isFromOrigin = remote.role === 'origin';
  let sent = 0;
  let received = 0;
  return {
    remote,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    send: (frame) => {
      const facts = factsOf(frame);
      if (sent % MARKED_EVERY === 0) meter.marked({ from: peerId, to: remote.peerId, ordinal: sent, isArrival: false });
      sent++;
      link.send(frame);
      meter.sent(facts);
    },
    close: () => link.close(),
    listen: (listener) =>
      link.listen({
        frame: (bytes) => {
          if (received % MARKED_EVERY === 0) meter.marked({ from: remote.peerId, to: peerId, ordinal: received, isArrival: true });
          received++;
          meter.received({ ...factsOf(bytes), isFromOrigin });
          listener.frame(bytes);
        },
        drained: () => listener.drained(),
        ended: (end) => listener.ended(end),
      }),
  };
}

function factsOf(frame: Uint8Array): FrameFacts {
  const message = frame[0] === BLOCK_TYPE ? decodeMessage(frame) : undefined;
  if (message?.kind !== 'block') return { bytes: frame.length, mediaBytes: 0, chunk: undefined };
  const { rendition, sequence } = message;
  return { bytes: frame.length, mediaBytes: message.bytes.length, chunk: { rendition, sequence } };
}

import type { Link, LinkListener, LinkTransport, LinkTransportListener } from '@p2ptv/peer';
import { encodeMessage, type ChunkSequence, type PeerId, type RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { meteredTransport, type FrameFacts, type FrameMark } from '../../src/mesh/metered-transport.js';

const [ME, YOU] = ['me' as PeerId, 'you' as PeerId];
const CHUNK = { rendition: 0 as RenditionId, sequence: 7 as ChunkSequence };

/** A transport with one link under it, whose other end is the test. */
function rig(role: 'viewer' | 'origin') {
  let below: LinkTransportListener | undefined;
  let heard: LinkListener | undefined;
  const sent: Uint8Array[] = [];
  const dials: PeerId[] = [];
  const link: Link = {
    remote: { peerId: YOU, role },
    bufferedBytes: 5,
    send: (frame) => void sent.push(frame),
    close: () => heard?.ended('local'),
    listen: (listener) => void (heard = listener),
  };
  const transport: LinkTransport = {
    fingerprint: 'AA',
    setCredentials: () => undefined,
    setLinkLimit: () => undefined,
    dial: (peerId) => void dials.push(peerId),
    signal: () => undefined,
    listen: (listener) => void (below = listener),
    close: () => undefined,
  };
  const seen = { sent: [] as FrameFacts[], received: [] as (FrameFacts & { isFromOrigin: boolean })[], marks: [] as FrameMark[], setups: 0 };
  const metered = meteredTransport(transport, ME, {
    sent: (frame) => seen.sent.push(frame),
    received: (frame) => seen.received.push(frame),
    linked: () => {
      seen.setups++;
    },
    marked: (mark) => seen.marks.push(mark),
  });
  let opened: Link | undefined;
  metered.listen({ sendSignal: () => undefined, linkOpened: (up) => void (opened = up), dialFailed: () => undefined });
  return {
    seen,
    sent,
    dials,
    metered,
    open: (): Link => {
      below!.linkOpened(link, true);
      return opened!;
    },
    fail: () => below!.dialFailed(YOU, 'timeout'),
    come: (frame: Uint8Array<ArrayBuffer>) => heard!.frame(frame),
  };
}

const BLOCK = encodeMessage({ kind: 'block', ...CHUNK, index: 0, bytes: new Uint8Array(1_000) });
const PING = encodeMessage({ kind: 'ping', nonce: 1 });

describe('meteredTransport', () => {
  it('passes frames on as they are, and tells media from the rest', () => {
    const { open, come, seen, sent } = rig('viewer');
    const link = open();
    const heard: Uint8Array[] = [];
    link.listen({ frame: (bytes) => heard.push(bytes), drained: () => undefined, ended: () => undefined });
    link.send(BLOCK);
    link.send(PING);
    come(BLOCK);
    expect(sent).toEqual([BLOCK, PING]);
    expect(heard).toEqual([BLOCK]);
    expect(seen.sent).toEqual([
      { bytes: BLOCK.length, mediaBytes: 1_000, chunk: CHUNK },
      { bytes: PING.length, mediaBytes: 0, chunk: undefined },
    ]);
    expect(seen.received).toEqual([{ bytes: BLOCK.length, mediaBytes: 1_000, chunk: CHUNK, isFromOrigin: false }]);
    expect(link.bufferedBytes).toBe(5);
  });

  it("tells the origin's frames from other peers'", () => {
    const { open, come, seen } = rig('origin');
    open().listen({ frame: () => undefined, drained: () => undefined, ended: () => undefined });
    come(PING);
    expect(seen.received).toMatchObject([{ isFromOrigin: true }]);
  });

  it('marks one frame in 64, by the same number at both ends', () => {
    const { open, come, seen } = rig('viewer');
    const link = open();
    link.listen({ frame: () => undefined, drained: () => undefined, ended: () => undefined });
    for (let frame = 0; frame < 65; frame++) {
      link.send(PING);
      come(PING);
    }
    const [toYou, toMe] = [{ from: ME, to: YOU, isArrival: false }, { from: YOU, to: ME, isArrival: true }];
    expect(seen.marks).toEqual([{ ...toYou, ordinal: 0 }, { ...toMe, ordinal: 0 }, { ...toYou, ordinal: 64 }, { ...toMe, ordinal: 64 }]);
  });

  it('measures the set-up of links that it dialled itself, and of none that failed before', () => {
    const called = rig('viewer');
    called.open();
    expect(called.seen.setups).toBe(0);
    const failed = rig('viewer');
    failed.metered.dial(YOU);
    failed.fail();
    failed.open();
    expect(failed.seen.setups).toBe(0);
    const dialled = rig('viewer');
    dialled.metered.dial(YOU);
    dialled.open();
    expect(dialled.dials).toEqual([YOU]);
    expect(dialled.seen.setups).toBe(1);
  });
});

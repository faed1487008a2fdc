import { readFileSync } from 'node:fs';
import {
  BLOCK_BYTES,
  decodeMessage,
  encodedMessageBytes,
  encodeMessage,
  isRelayable,
  LIMITS,
  NO_OFFER,
  signalSchema,
  WIRE_VERSION,
  type ChunkSequence,
  type DecodedFrame,
  type PeerId,
  type PeerStatus,
  type Signal,
  type WireMessage,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BYE_REASONS,
  headerWith,
  HOLDINGS,
  peerStatuses,
  REJECT_REASONS,
  signals,
  signHeader,
  wireMessages,
} from './arbitraries.js';

const chunk = { rendition: 3, sequence: 0x01020304 } as Pick<
  Extract<WireMessage, { kind: 'have' }>,
  'rendition' | 'sequence'
>;
const status: PeerStatus = { uplinkKbps: 0x0a0b, queuedBytes: 0x01, isUploading: true, isVisible: false, renditions: 0x0105 };
const signed = signHeader(headerWith());

const FROM = '01'.repeat(16) as PeerId;
const TO = 'fe'.repeat(16) as PeerId;

function signalWith(body: Signal['body']): Signal {
  return { from: FROM, to: TO, connectionId: '1234abcd', body };
}

/** One message of each kind, and its bytes as SPEC's table gives them. */
const EXAMPLES: readonly [string, WireMessage, string][] = [
  ['HELLO', { kind: 'hello', version: 3, status }, '01 03 00000a0b 00000001 01 0105'],
  [
    'STATUS',
    { kind: 'status', status: { ...status, isUploading: false, isVisible: true } },
    '02 00000a0b 00000001 02 0105',
  ],
  [
    'HEADER',
    { kind: 'header', signed, holding: 'complete', aheadKib: 5 },
    `03 02 0005 ${Buffer.from(signed.bytes).toString('hex')}`,
  ],
  ['INCOMING', { kind: 'incoming', ...chunk, aheadKib: 0x0102 }, '04 03 01020304 0102'],
  ['HAVE', { kind: 'have', ...chunk, aheadKib: 3 }, '05 03 01020304 0003'],
  [
    'REQUEST',
    { kind: 'request', ...chunk, firstBlock: 1, blockCount: 4, deadlineInMs: 258 },
    '06 03 01020304 0001 0004 0102',
  ],
  [
    'BLOCK',
    { kind: 'block', ...chunk, index: 2, bytes: Uint8Array.of(0xca, 0xfe) },
    '07 03 01020304 0002 cafe',
  ],
  ['CANCEL', { kind: 'cancel', ...chunk }, '08 03 01020304'],
  ['REJECT', { kind: 'reject', ...chunk, reason: 'tooLate' }, '09 03 01020304 03'],
  ['PING', { kind: 'ping', nonce: 0xdeadbeef }, '0a deadbeef'],
  ['PONG', { kind: 'pong', nonce: 1 }, '0b 00000001'],
  ['BYE', { kind: 'bye', reason: 'idle' }, '0c 05'],
  ['QUEUED', { kind: 'queued', ...chunk, aheadBytes: 0x01_0203 }, '0d 03 01020304 00010203'],
  ['SUBSCRIBE', { kind: 'subscribe', rendition: chunk.rendition, stripe: 5 }, '20 03 05'],
  ['UNSUBSCRIBE', { kind: 'unsubscribe', rendition: chunk.rendition, stripe: 7 }, '21 03 07'],
  [
    'PEERS',
    {
      kind: 'peers',
      peers: [{ peerId: FROM, role: 'seeder', uplinkKbps: 0x0a0b, isUploading: true, isVisible: false }],
    },
    `22 ${FROM} 01 00000a0b 01`,
  ],
  [
    'RELAY',
    { kind: 'relay', signal: signalWith({ kind: 'offer', ticket: 'AB', sdp: 'v=0' }) },
    `23 ${FROM} ${TO} 08 3132333461626364 00 0002 4142 0003 763d30`,
  ],
  [
    'OFFERS',
    { kind: 'offers', rendition: chunk.rendition, pathMs: [0, 30, 258, 2000, NO_OFFER, 5, 6, 7] },
    '24 03 0000 001e 0102 07d0 ffff 0005 0006 0007',
  ],
  [
    'HOLDINGS',
    { kind: 'holdings', rendition: chunk.rendition, sequence: 0x01020308 as ChunkSequence, bits: new Uint8Array([0b1000_0001, 0xff]) },
    '25 03 01020308 81ff',
  ],
];

function bytesOf(spaced: string): Uint8Array {
  return new Uint8Array(Buffer.from(spaced.replaceAll(' ', ''), 'hex'));
}

function kindOf(spaced: string): DecodedFrame['kind'] {
  return decodeMessage(bytesOf(spaced)).kind;
}

/** A signal as a RELAY would carry it, whether or not it may. */
function laidOut({ from, to, connectionId, body }: Signal): string {
  const text = (value: string, lengthDigits: number): string =>
    value.length.toString(16).padStart(lengthDigits, '0') + Buffer.from(value, 'latin1').toString('hex');
  const head = `23 ${from} ${to} ${text(connectionId, 2)}`;
  switch (body.kind) {
    case 'offer':
    case 'answer':
      return `${head} ${body.kind === 'offer' ? '00' : '01'} ${text(body.ticket, 4)} ${text(body.sdp, 4)}`;
    case 'candidate':
      return `${head} 02 ${text(body.mid, 2)} ${text(body.candidate, 4)}`;
    case 'refuse':
      return `${head} 03 02`;
  }
}

/** All byte strings within a decoded message. */
function viewsIn(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(viewsIn);
}

describe('wire codec', () => {
  it.each(EXAMPLES)('WR1: %s is laid out as in the table', (_name, message, spaced) => {
    expect(Buffer.from(encodeMessage(message)).toString('hex')).toBe(spaced.replaceAll(' ', ''));
    expect(decodeMessage(bytesOf(spaced))).toEqual(message);
  });

  it('WR1: the SPEC’s table names the types and reasons that are spoken', () => {
    const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');
    const types = [...spec.matchAll(/^\| 0x([0-9a-f]{2}) \| ([A-Z]+) \|/gm)].map(([, type, name]) => [
      name,
      type,
    ]);
    expect(types).toEqual(EXAMPLES.map(([name, , bytes]) => [name, bytes.slice(0, 2)]));
    for (const names of [HOLDINGS, REJECT_REASONS, BYE_REASONS]) {
      expect(spec).toContain(names.map((name, index) => `${index} ${name}`).join(', '));
    }
  });

  it('WR1: every message is read back as it was written, in one frame', () => {
    fc.assert(
      fc.property(wireMessages, (message) => {
        const frame = encodeMessage(message);
        expect(frame.length).toBeLessThanOrEqual(LIMITS.frameBytes);
        expect(decodeMessage(frame)).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  it('WR2: types beyond the table are unknown, the reserved ones too', () => {
    const known = new Set(EXAMPLES.map(([, , bytes]) => Number.parseInt(bytes.slice(0, 2), 16)));
    for (let type = 0; type < 256; type++) {
      for (const length of [1, 6, 300]) {
        const frame = new Uint8Array(length);
        frame[0] = type;
        if (!known.has(type)) expect(decodeMessage(frame).kind, `type ${type}`).toBe('unknown');
        else expect(decodeMessage(frame).kind).not.toBe('unknown');
      }
    }
    for (let type = 0x26; type <= 0x2f; type++) expect(known.has(type)).toBe(false);
  });

  it('WR3: a frame that is too short or too long by any number of bytes is malformed', () => {
    for (const [name, message] of EXAMPLES) {
      const frame = encodeMessage(message);
      // A shorter or longer BLOCK or HOLDINGS is another one, down to one byte of content.
      const heads: Readonly<Record<string, number>> = { block: 8, holdings: 6 };
      const shortest = heads[message.kind] ?? frame.length - 1;
      for (let length = 1; length <= shortest; length++) {
        expect(decodeMessage(frame.subarray(0, length)).kind, `${name} cut to ${length}`).toBe('malformed');
      }
      if (!Object.hasOwn(heads, message.kind))
        expect(decodeMessage(Uint8Array.of(...frame, 0)).kind, name).toBe('malformed');
    }
  });

  it.each(['04', '05'])('WR3 WR8: type %s is malformed with rendition 16', (type) => {
    expect(kindOf(`${type} 0f 00000000 0000`)).not.toBe('malformed');
    expect(kindOf(`${type} 10 00000000 0000`)).toBe('malformed');
  });

  it.each([
    ['a HEADER of unknown holding', `03 03 ${Buffer.from(signed.bytes).toString('hex')}`],
    ['a HEADER without a header', '03 02'],
    ['a HEADER of another version', `03 02 0000 02${Buffer.from(signed.bytes).toString('hex').slice(2)}`],
    ['a REQUEST of rendition 16', '06 10 01020304 0000 0001 0000'],
    ['a REQUEST of no block', '06 03 01020304 0000 0000 0000'],
    ['a REQUEST beyond block 255', '06 03 01020304 00ff 0002 0000'],
    ['a REQUEST that wraps around', '06 03 01020304 ffff ffff 0000'],
    ['a BLOCK of rendition 16', '07 10 01020304 0000 aa'],
    ['a BLOCK of index 256', '07 03 01020304 0100 aa'],
    ['a BLOCK without bytes', '07 03 01020304 0000'],
    ['a REJECT of rendition 16', '09 10 01020304 00'],
    ['a QUEUED of rendition 16', '0d 10 01020304 00000000'],
    ['a REJECT of unknown reason', '09 03 01020304 04'],
    ['a BYE of unknown reason', '0c 06'],
    ['a SUBSCRIBE of rendition 16', '20 10 00'],
    ['a SUBSCRIBE of stripe 8', '20 00 08'],
    ['an UNSUBSCRIBE of rendition 16', '21 10 00'],
    ['an UNSUBSCRIBE of stripe 8', '21 00 08'],
    ['an OFFERS of rendition 16', `24 10 ${'0000'.repeat(8)}`],
    ['an OFFERS for 7 stripes', `24 00 ${'0000'.repeat(7)}`],
    ['an OFFERS for 9 stripes', `24 00 ${'0000'.repeat(9)}`],
    ['no byte', ''],
  ])('WR3: %s is malformed', (_name, spaced) => {
    expect(kindOf(spaced)).toBe('malformed');
  });

  it('WR3 LM1: a frame beyond the limit is malformed, whatever its type', () => {
    const unknownType = new Uint8Array(LIMITS.frameBytes).fill(0x7f);
    expect(decodeMessage(unknownType).kind).toBe('unknown');
    expect(decodeMessage(new Uint8Array(LIMITS.frameBytes + 1).fill(0x7f)).kind).toBe('malformed');
  });

  it('WR3: any bytes are a message, unknown or malformed; a message is written back as it came', () => {
    const typed = fc
      .tuple(
        fc.oneof(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0x20, max: 0x25 })),
        fc.uint8Array({ maxLength: 70 }),
      )
      .map(([type, body]) => Uint8Array.of(type, ...body));
    const nearMessages = fc
      .tuple(wireMessages, fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { maxLength: 3 }))
      .map(([message, changes]) => {
        const frame = encodeMessage(message);
        for (const [index, value] of changes) if (index < frame.length) frame[index] = value;
        return frame;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), typed, nearMessages), (frame) => {
        const message = decodeMessage(frame);
        if (message.kind === 'unknown' || message.kind === 'malformed') return;
        const written = encodeMessage(message);
        // Flags of a later version are ignored, and a later HELLO may be longer.
        const flagsAt = message.kind === 'hello' ? 10 : message.kind === 'status' ? 9 : -1;
        const comparable = frame.slice(0, message.kind === 'hello' ? 13 : undefined);
        if (flagsAt >= 0) comparable[flagsAt]! &= 3;
        if (message.kind === 'peers') for (let at = 22; at < comparable.length; at += 22) comparable[at]! &= 3;
        // What a former HELLO lacks is written as 0.
        const isShorter = message.kind === 'hello' && comparable.length < written.length;
        expect(Buffer.from(isShorter ? written.subarray(0, comparable.length) : written).equals(comparable)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('WR4: what is read lies in the frame and nowhere else', () => {
    fc.assert(
      fc.property(wireMessages, (message) => {
        const frame = encodeMessage(message);
        const views = viewsIn(decodeMessage(frame));
        expect(views.every((view) => view.buffer === frame.buffer)).toBe(true);
        expect(views.length > 0).toBe(['block', 'header', 'holdings'].includes(message.kind));
      }),
    );
  });

  it('WR5: the length is known beforehand', () => {
    fc.assert(
      fc.property(wireMessages, (message) => {
        expect(encodedMessageBytes(message)).toBe(encodeMessage(message).length);
      }),
      { numRuns: 300 },
    );
  });

  it('WR6: status flags beyond the first two are ignored', () => {
    expect(decodeMessage(bytesOf('02 00000000 00000000 ff 0000'))).toEqual({
      kind: 'status',
      status: { uplinkKbps: 0, queuedBytes: 0, isUploading: true, isVisible: true, renditions: 0 },
    });
  });

  it.each([
    [-1, 0],
    [Number.POSITIVE_INFINITY, 0xffff_ffff],
    [2 ** 40, 0xffff_ffff],
    [1000.6, 1001],
  ])('WR6: %d is written as %i', (value, written) => {
    const message = decodeMessage(
      encodeMessage({ kind: 'status', status: { ...status, uplinkKbps: value, queuedBytes: value } }),
    );
    expect(message).toMatchObject({ status: { uplinkKbps: written, queuedBytes: written } });
  });

  it('WR6: a status reads the same in HELLO and in STATUS', () => {
    fc.assert(
      fc.property(peerStatuses, (any) => {
        const hello = encodeMessage({ kind: 'hello', version: WIRE_VERSION, status: any });
        const update = encodeMessage({ kind: 'status', status: any });
        expect(hello.subarray(2)).toEqual(update.subarray(1));
      }),
    );
  });

  it.each(HOLDINGS.map((holding, value) => [holding, value] as const))(
    'WR7: holding %s is %i',
    (holding, value) => {
      expect(encodeMessage({ kind: 'header', signed, holding })[1]).toBe(value);
    },
  );

  it.each([
    [-5, 0],
    [0.4, 0],
    [70_000, 65_535],
    [Number.POSITIVE_INFINITY, 65_535],
  ])('WR9: a deadline in %d ms is written as %i', (deadlineInMs, written) => {
    const frame = encodeMessage({ kind: 'request', ...chunk, firstBlock: 0, blockCount: 1, deadlineInMs });
    expect(decodeMessage(frame)).toMatchObject({ deadlineInMs: written });
  });

  it('WR9: all 256 blocks of the largest chunk may be asked for at once', () => {
    expect(kindOf('06 00 00000000 0000 0100 0000')).toBe('request');
    expect(kindOf('06 00 00000000 00ff 0001 0000')).toBe('request');
  });

  it('WR10: a full block is read, one byte more is not', () => {
    const full = encodeMessage({ kind: 'block', ...chunk, index: 255, bytes: new Uint8Array(BLOCK_BYTES) });
    expect(decodeMessage(full)).toMatchObject({ kind: 'block', index: 255 });
    expect(decodeMessage(Uint8Array.of(...full, 0)).kind).toBe('malformed');
  });

  it('WR11: every reason is written and read', () => {
    for (const reason of REJECT_REASONS)
      expect(decodeMessage(encodeMessage({ kind: 'reject', ...chunk, reason }))).toMatchObject({ reason });
    for (const reason of BYE_REASONS)
      expect(decodeMessage(encodeMessage({ kind: 'bye', reason }))).toMatchObject({ reason });
  });

  it.each([
    [-1, 0],
    [2 ** 40, 0xffff_ffff],
    [1000, 1000],
  ])('WR12: %d bytes ahead are written as %i', (aheadBytes, written) => {
    expect(decodeMessage(encodeMessage({ kind: 'queued', ...chunk, aheadBytes }))).toMatchObject({
      aheadBytes: written,
    });
  });

  it.each(['20', '21'])('WR15: type %s names any of 8 stripes of any of 16 renditions', (type) => {
    for (let stripe = 0; stripe < 8; stripe++) {
      const read = decodeMessage(bytesOf(`${type} 0f 0${stripe}`));
      expect(read).toEqual({ kind: type === '20' ? 'subscribe' : 'unsubscribe', rendition: 15, stripe });
    }
  });

  it.each([
    [-1, 0],
    [0.6, 1],
    [70_000, NO_OFFER],
    [Number.POSITIVE_INFINITY, NO_OFFER],
    [undefined, NO_OFFER],
  ])('WR16: a path of %s ms is written as %i', (pathMs, written) => {
    const told = Array.from({ length: 8 }, (_, stripe) => (stripe === 3 ? pathMs : 40)).filter((it) => it !== undefined);
    const read = decodeMessage(encodeMessage({ kind: 'offers', rendition: chunk.rendition, pathMs: told }));
    // A list cut short offers nothing for the stripes it lacks.
    expect(read).toMatchObject({ pathMs: pathMs === undefined ? [40, 40, 40, 40, 40, 40, 40, written] : [40, 40, 40, written, 40, 40, 40, 40] });
  });

  it.each<[string, string]>([
    ['no byte', '25 03 00000008'],
    ['more bytes than the limit', `25 03 00000008 ${'00'.repeat(LIMITS.holdingsBytes + 1)}`],
    ['a sequence between two multiples of 8', '25 03 00000009 ff'],
    ['sequences beyond the last', '25 03 fffffff8 ff00'],
    ['a rendition that no stream has', '25 10 00000008 ff'],
  ])('WR17: HOLDINGS with %s is malformed', (_name, spaced) => {
    expect(kindOf('25 03 fffffff8 ff')).toBe('holdings');
    expect(kindOf(`25 03 00000008 ${'00'.repeat(LIMITS.holdingsBytes)}`)).toBe('holdings');
    expect(kindOf(spaced)).toBe('malformed');
  });

  it.each([
    [0, 0],
    [0, LIMITS.holdingsBytes + 1],
    [4, 1],
    [0xffff_fff8, 2],
  ])('WR17: HOLDINGS from sequence %i with %i bytes is not written', (sequence, byteCount) => {
    const holdings = { kind: 'holdings' as const, rendition: chunk.rendition, sequence: sequence as ChunkSequence, bits: new Uint8Array(byteCount) };
    expect(() => encodeMessage(holdings)).toThrow(RangeError);
  });

  it.each<[string, string]>([
    ['no peer', '22'],
    ['17 peers', `22 ${`${FROM} 00 00000000 00`.repeat(LIMITS.peersPerMessage + 1)}`],
    ['the origin’s seeder', `22 ${FROM} 02 00000000 00`],
    ['a peer cut short', `22 ${FROM} 00 00000000`],
  ])('WR13: a PEERS that names %s is malformed', (_name, spaced) => {
    expect(kindOf(`22 ${`${FROM} 00 00000000 00`.repeat(LIMITS.peersPerMessage)}`)).toBe('peers');
    expect(kindOf(spaced)).toBe('malformed');
  });

  it('WR13: naming nobody, or more than 16, throws', () => {
    const peer = { peerId: FROM, role: 'viewer', uplinkKbps: 0, isUploading: true, isVisible: true } as const;
    for (const peers of [[], new Array<typeof peer>(17).fill(peer)]) {
      expect(() => encodeMessage({ kind: 'peers', peers })).toThrow(RangeError);
    }
  });

  it('WR14: bodies of every kind are laid out as told', () => {
    const head = `23 ${FROM} ${TO} 08 3132333461626364`;
    const layouts: [Signal['body'], string][] = [
      [{ kind: 'answer', ticket: 'T', sdp: '' }, `${head} 01 0001 54 0000`],
      [{ kind: 'candidate', mid: '0', candidate: 'ca' }, `${head} 02 01 30 0002 6361`],
      [{ kind: 'refuse', reason: 'full' }, `${head} 03 00`],
      [{ kind: 'refuse', reason: 'badTicket' }, `${head} 03 01`],
      [{ kind: 'refuse', reason: 'gone' }, `${head} 03 02`],
    ];
    for (const [body, spaced] of layouts) {
      const message: WireMessage = { kind: 'relay', signal: signalWith(body) };
      expect(Buffer.from(encodeMessage(message)).toString('hex')).toBe(spaced.replaceAll(' ', ''));
      expect(decodeMessage(bytesOf(spaced))).toEqual(message);
    }
  });

  it.each<[string, Signal]>([
    ['no ticket', signalWith({ kind: 'offer', ticket: '', sdp: 'v=0' })],
    ['a ticket too long', signalWith({ kind: 'offer', ticket: 't'.repeat(2049), sdp: '' })],
    ['an SDP too long', signalWith({ kind: 'answer', ticket: 't', sdp: 'x'.repeat(LIMITS.signalBytes + 1) })],
    ['an SDP beyond ASCII', signalWith({ kind: 'offer', ticket: 't', sdp: 's=Übung' })],
    ['a candidate too long', signalWith({ kind: 'candidate', mid: '0', candidate: 'c'.repeat(1025) })],
    ['a mid too long', signalWith({ kind: 'candidate', mid: '0'.repeat(33), candidate: '' })],
    ['a connection id too short', { ...signalWith({ kind: 'refuse', reason: 'gone' }), connectionId: 'abc' }],
    ['a connection id that is none', { ...signalWith({ kind: 'refuse', reason: 'gone' }), connectionId: '1234567z' }],
  ])('WR14: a signal with %s is neither written nor read', (_name, signal) => {
    expect(isRelayable(signal)).toBe(false);
    expect(() => encodeMessage({ kind: 'relay', signal })).toThrow(RangeError);
    expect(kindOf(laidOut(signal))).toBe('malformed');
  });

  it.each([
    ['an unknown kind', '04 00'],
    ['an unknown reason', '03 03'],
    ['no body', ''],
  ])('WR14: a RELAY with %s is malformed', (_name, body) => {
    expect(kindOf(`23 ${FROM} ${TO} 08 3132333461626364 ${body}`)).toBe('malformed');
  });

  it('WR14: whatever the tracker’s contract lets pass in ASCII can be relayed', () => {
    fc.assert(
      fc.property(signals, (signal) => {
        expect(signalSchema.safeParse(signal).success).toBe(true);
        expect(isRelayable(signal)).toBe(true);
      }),
    );
  });

  it('VR2: the HELLO of a later version tells its version, however long it is', () => {
    for (const tail of ['', '00', 'ffffffffff']) {
      expect(decodeMessage(bytesOf(`01 04 00000a0b 00000001 01 0105 ${tail}`))).toEqual({
        kind: 'hello',
        version: 4,
        status,
      });
    }
    expect(kindOf('01 03 00000a0b 00000001 01')).toBe('malformed');
    expect(kindOf('01 03 00000a0b 00000001 01 0105 00')).toBe('malformed');
  });

  it('VR2: so does the HELLO of version 2, whose status says nothing of renditions', () => {
    expect(decodeMessage(bytesOf('01 02 00000a0b 00000001 01'))).toEqual({ kind: 'hello', version: 2, status: { ...status, renditions: 0 } });
  });
});

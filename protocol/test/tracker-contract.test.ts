import {
  dutyMapSchema,
  dutySchema,
  encodePublisherProof,
  joinAnswerSchema,
  joinRequestSchema,
  LIMITS,
  neighboursAnswerSchema,
  neighboursWantedSchema,
  reportIntervalChangeSchema,
  reportSchema,
  seededSchema,
  signalSchema,
  ticketRenewalSchema,
  TRACKER_SOCKET_PATH,
  type PublisherClaim,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprints, peerIds, publisher, signerOf, streamIds } from './arbitraries.js';

const peerId = 'ab'.repeat(16);
const fingerprint = Array.from({ length: 32 }, () => '1F').join(':');
const join = {
  version: 1,
  streamId: 'cd'.repeat(20),
  peerId,
  role: 'viewer',
  fingerprint,
  uplinkBitsPerSecond: 0,
  isUploading: true,
  isVisible: true,
};
const neighbour = { peerId, role: 'viewer', uplinkBitsPerSecond: 5_000_000 };
const joined = {
  kind: 'joined',
  ticket: 'payload.signature',
  ticketExpiresAtMs: 1_000,
  trackerKey: 'k'.repeat(43),
  neighbours: [neighbour],
  dutyStripes: [0, 7],
  iceServers: [{ urls: ['stun:stun.example'] }],
  reportIntervalMs: 2000,
  wallMs: 0,
};
const signal = {
  from: peerId,
  to: 'ef'.repeat(16),
  connectionId: '0123abcd',
  body: { kind: 'offer', sdp: 'v=0\r\n', ticket: 'payload.signature' },
};
const report = {
  fromPeersBytes: 1,
  fromOriginBytes: 2,
  fromSeederBytes: 3,
  sentBytes: 4,
  uplinkBitsPerSecond: 5,
  neighbourCount: 6,
  isUploading: true,
  isVisible: false,
};

type Schema = { safeParse: (value: unknown) => { success: boolean; data?: unknown } };

function isRead(schema: Schema, value: unknown): boolean {
  return schema.safeParse(value).success;
}

const ALL: readonly [string, Schema, Record<string, unknown>][] = [
  ['a join', joinRequestSchema, join],
  ['a join’s answer', joinAnswerSchema, joined],
  ['a refusal', joinAnswerSchema, { kind: 'refused', code: 'RATE_LIMITED', message: 'Too many joins.' }],
  ['a signal', signalSchema, signal],
  ['a report', reportSchema, report],
  ['a wish for neighbours', neighboursWantedSchema, { count: 4, exclude: [peerId] }],
  ['its answer', neighboursAnswerSchema, { neighbours: [neighbour] }],
  ['a duty', dutySchema, { stripes: [3] }],
  ['a duty map', dutyMapSchema, { stripes: Array.from({ length: 8 }, () => [peerId]) }],
  ['those seeded', seededSchema, { peers: [peerId] }],
  ['a renewal', ticketRenewalSchema, { ticket: 'payload.signature', ticketExpiresAtMs: 5 }],
];

describe('tracker messages', () => {
  it.each(ALL)(
    'VR3: %s is read, unknown fields are dropped, missing ones are not made up',
    (_name, schema, message) => {
      expect(schema.safeParse({ ...message, later: true })).toMatchObject({ success: true, data: message });
      expect(schema.safeParse({ ...message, later: true }).data as object).not.toHaveProperty('later');
      for (const field of Object.keys(message)) {
        const { [field]: _left, ...rest } = message;
        expect(isRead(schema, rest), `without ${field}`).toBe(false);
      }
    },
  );

  it.each(ALL)(
    'TR1: whatever comes as %s is read or refused without an exception',
    (_name, schema, message) => {
      const values = fc.oneof(
        fc.anything(),
        fc
          .tuple(fc.constantFrom(...Object.keys(message)), fc.anything())
          .map(([field, value]) => ({ ...message, [field]: value })),
      );
      fc.assert(
        fc.property(values, (value) => {
          expect(typeof isRead(schema, value)).toBe('boolean');
        }),
        { numRuns: 200 },
      );
    },
  );

  it('TR1: the endpoint is /tracker', () => {
    expect(TRACKER_SOCKET_PATH).toBe('/tracker');
  });

  it('TR1: any well-formed join is read', () => {
    const joins = fc.record({
      version: fc.constant(1),
      streamId: streamIds,
      peerId: peerIds,
      role: fc.constantFrom('viewer', 'seeder', 'origin'),
      fingerprint: fingerprints,
      uplinkBitsPerSecond: fc.maxSafeNat(),
      isUploading: fc.boolean(),
      isVisible: fc.boolean(),
    });
    fc.assert(fc.property(joins, (any) => isRead(joinRequestSchema, any)));
  });

  it('TR1: an origin’s join carries its proof', () => {
    const claim = { streamId: join.streamId, peerId, fingerprint } as unknown as PublisherClaim;
    const signer = signerOf(publisher);
    const proof = encodePublisherProof(claim, {
      publicKey: publisher.publicKey,
      slug: 'main',
      signer,
      wallMs: 0,
    });
    expect(isRead(joinRequestSchema, { ...join, role: 'origin', proof })).toBe(true);
    for (const bad of [
      { ...proof, publicKey: 'x' },
      { ...proof, slug: '../x' },
      { ...proof, claim: 'x'.repeat(1025) },
      'x',
    ]) {
      expect(isRead(joinRequestSchema, { ...join, role: 'origin', proof: bad })).toBe(false);
    }
  });

  it.each([
    ['version', 2],
    ['streamId', 'CD'.repeat(20)],
    ['streamId', { toString: 1 }],
    ['peerId', 'ab'],
    ['role', 'tracker'],
    ['fingerprint', fingerprint.toLowerCase()],
    ['fingerprint', `${fingerprint}:00`],
    ['uplinkBitsPerSecond', -1],
    ['uplinkBitsPerSecond', 0.5],
    ['uplinkBitsPerSecond', Number.NaN],
    ['uplinkBitsPerSecond', Number.POSITIVE_INFINITY],
    ['isUploading', 'yes'],
    ['isVisible', 1],
  ])('TR1 VR1: a join with %s %j is refused', (field, value) => {
    expect(isRead(joinRequestSchema, { ...join, [field]: value })).toBe(false);
  });

  it.each([
    ['ticket', ''],
    ['ticket', 'x'.repeat(2049)],
    ['trackerKey', 'k'.repeat(42)],
    ['neighbours', Array.from({ length: 33 }, () => neighbour)],
    ['neighbours', [{ ...neighbour, role: 'boss' }]],
    ['dutyStripes', [8]],
    ['iceServers', [{ urls: ['x'.repeat(257)] }]],
    ['reportIntervalMs', 99],
    ['reportIntervalMs', 600_001],
    ['wallMs', 'now'],
  ])('TR2: a join’s answer with %s %j is refused', (field, value) => {
    expect(isRead(joinAnswerSchema, { ...joined, [field]: value })).toBe(false);
  });

  it('TR2: the codes of a refusal are closed', () => {
    const codes = [
      'BAD_REQUEST',
      'RATE_LIMITED',
      'PEER_ID_TAKEN',
      'BAD_PROOF',
      'UNKNOWN_STREAM',
      'SWARM_FULL',
      'VIEWER_TOKEN',
    ];
    for (const code of codes) {
      expect(isRead(joinAnswerSchema, { kind: 'refused', code, message: 'No.', retryAfterMs: 500 })).toBe(
        true,
      );
    }
    expect(isRead(joinAnswerSchema, { kind: 'refused', code: 'OTHER', message: 'No.' })).toBe(false);
    expect(isRead(joinAnswerSchema, { kind: 'refused', code: 'SWARM_FULL', message: 'x'.repeat(301) })).toBe(
      false,
    );
  });

  it.each([
    [{ kind: 'offer', sdp: 'x'.repeat(8192), ticket: 't'.repeat(2048) }, true],
    [{ kind: 'offer', sdp: 'x'.repeat(8193), ticket: 't' }, false],
    [{ kind: 'answer', sdp: 'x', ticket: 't'.repeat(2049) }, false],
    [{ kind: 'answer', sdp: 'x' }, false],
    [{ kind: 'candidate', candidate: 'x'.repeat(1024), mid: '0' }, true],
    [{ kind: 'candidate', candidate: 'x'.repeat(1025), mid: '0' }, false],
    [{ kind: 'refuse', reason: 'full' }, true],
    [{ kind: 'refuse', reason: 'badTicket' }, true],
    [{ kind: 'refuse', reason: 'gone' }, true],
    [{ kind: 'refuse', reason: 'mood' }, false],
    [{ kind: 'other' }, false],
  ])('TR3: a signal’s body %# is read or refused', (body, expected) => {
    expect(isRead(signalSchema, { ...signal, body })).toBe(expected);
  });

  it.each(['', '0123abc', 'a'.repeat(33), '0123ABCD', 'x'.repeat(8)])(
    'TR3: connection id %j is refused',
    (connectionId) => {
      expect(isRead(signalSchema, { ...signal, connectionId })).toBe(false);
    },
  );

  it('TR4: a report’s numbers are whole and not negative', () => {
    const numbers = [...Object.keys(report).filter((field) => typeof report[field as keyof typeof report] === 'number'), 'fallbackBytes'];
    expect(numbers).toHaveLength(7);
    expect(isRead(reportSchema, { ...report, fallbackBytes: 2 })).toBe(true);
    for (const field of numbers) {
      for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null]) {
        expect(isRead(reportSchema, { ...report, [field]: value }), `${field} ${String(value)}`).toBe(false);
      }
    }
  });

  it.each([
    [100, true],
    [600_000, true],
    [99, false],
    [600_001, false],
    [2_000.5, false],
    ['2000', false],
  ])('TR8: a report interval of %j ms may be told: %s', (reportIntervalMs, isTaken) => {
    expect(isRead(reportIntervalChangeSchema, { reportIntervalMs })).toBe(isTaken);
  });

  it.each([
    [{ count: 32, exclude: Array.from({ length: 128 }, () => peerId) }, true],
    [{ count: 0, exclude: [] }, false],
    [{ count: 33, exclude: [] }, false],
    [{ count: 1, exclude: Array.from({ length: 129 }, () => peerId) }, false],
    [{ count: 1, exclude: ['everybody'] }, false],
  ])('TR5: a wish for neighbours %# is read or refused', (wanted, expected) => {
    expect(isRead(neighboursWantedSchema, wanted)).toBe(expected);
  });

  it.each([
    [0, true],
    [15, true],
    [16, false],
    [-1, false],
    [0.5, false],
    [undefined, true],
  ])('TR7: rendition %s may be named: %s', (rendition, isTaken) => {
    const more = rendition === undefined ? {} : { rendition };
    expect(isRead(neighboursWantedSchema, { count: 4, exclude: [], ...more })).toBe(isTaken);
    expect(isRead(dutySchema, { stripes: [1], ...more })).toBe(isTaken);
    expect(isRead(dutyMapSchema, { stripes: Array.from({ length: 8 }, () => []), ...more })).toBe(isTaken);
  });

  it('TR5: an answer describes at most 32', () => {
    expect(isRead(neighboursAnswerSchema, { neighbours: Array.from({ length: 32 }, () => neighbour) })).toBe(
      true,
    );
    expect(isRead(neighboursAnswerSchema, { neighbours: Array.from({ length: 33 }, () => neighbour) })).toBe(
      false,
    );
  });

  it.each([
    [[], true],
    [[0, 1, 2, 3, 4, 5, 6, 7], true],
    [[8], false],
    [[-1], false],
    [[0.5], false],
    [[0, 1, 2, 3, 4, 5, 6, 7, 0], false],
  ])('TR6: duty for %j: %j', (stripes, expected) => {
    expect(isRead(dutySchema, { stripes })).toBe(expected);
  });

  it('TR6: a duty map has 8 lists of at most 2,048', () => {
    const lists = (count: number, length: number): unknown => ({
      stripes: Array.from({ length: count }, () => Array.from({ length }, () => peerId)),
    });
    expect(isRead(dutyMapSchema, lists(8, 2_048))).toBe(true);
    expect(isRead(dutyMapSchema, lists(8, 2_049))).toBe(false);
    expect(isRead(dutyMapSchema, lists(7, 1))).toBe(false);
    expect(isRead(dutyMapSchema, lists(9, 1))).toBe(false);
  });

  it('TR6: at most 400 peers a message are seeded, and they fit one; the copies that the uplink carries may be said', () => {
    const seeded = (count: number): unknown => ({ peers: Array.from({ length: count }, () => peerId) });
    expect(isRead(seededSchema, seeded(400))).toBe(true);
    expect(isRead(seededSchema, seeded(401))).toBe(false);
    expect(JSON.stringify(seeded(400)).length).toBeLessThan(LIMITS.trackerMessageBytes);
    expect(isRead(seededSchema, { peers: [], maxCopies: 4 })).toBe(true);
    expect(isRead(seededSchema, { peers: [], maxCopies: 1.5 })).toBe(false);
    expect(isRead(seededSchema, { peers: ['nobody'] })).toBe(false);
  });
});

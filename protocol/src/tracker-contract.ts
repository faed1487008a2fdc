import * as z from 'zod/mini';
import { STRIPE_COUNT } from './ids.js';
import { LIMITS } from './limits.js';
import { publisherProofSchema } from './publisher-proof.js';
import { countSchema, fingerprintSchema, peerIdSchema, renditionIdSchema, streamIdSchema } from './schemas.js';
import { roleSchema } from './ticket.js';
import { isViewerToken } from './viewer-token.js';

/** Path of the tracker's Socket.IO endpoint. */
export const TRACKER_SOCKET_PATH = '/tracker';

const tokenSchema = z.string().check(z.minLength(1), z.maxLength(2048));

/** Enters a swarm, or comes back to it after a lost connection (same peer id and fingerprint). */
export const joinRequestSchema = z.object({
  version: z.literal(1),
  streamId: streamIdSchema,
  peerId: peerIdSchema,
  role: roleSchema,
  /** SHA-256 fingerprint of the certificate that all links of this peer will show. */
  fingerprint: fingerprintSchema,
  /** What the peer believes it can send, bits a second; 0 = unknown. */
  uplinkBitsPerSecond: countSchema,
  isUploading: z.boolean(),
  isVisible: z.boolean(),
  /** The rendition that it watches; not said: 0. */
  rendition: z.optional(renditionIdSchema),
  /** Only for role `origin`. */
  proof: z.optional(publisherProofSchema),
  /** Of a private stream. */
  viewerToken: z.optional(z.string().check(z.refine(isViewerToken))),
});
/** See {@link joinRequestSchema}. */
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** A peer worth meeting. */
export const peerDescriptionSchema = z.object({
  peerId: peerIdSchema,
  role: roleSchema,
  /** bits a second; 0 = unknown. */
  uplinkBitsPerSecond: countSchema,
});
/** See {@link peerDescriptionSchema}. */
export type PeerDescription = z.infer<typeof peerDescriptionSchema>;

const stripesSchema = z
  .array(z.int().check(z.gte(0), z.lt(STRIPE_COUNT)))
  .check(z.maxLength(STRIPE_COUNT));

const iceServerSchema = z.object({
  urls: z.array(z.string().check(z.maxLength(256))).check(z.maxLength(8)),
  username: z.optional(z.string().check(z.maxLength(256))),
  credential: z.optional(z.string().check(z.maxLength(256))),
});
/** A STUN or TURN server, as WebRTC takes it. */
export type IceServer = z.infer<typeof iceServerSchema>;

const reportIntervalSchema = z.int().check(z.gte(100), z.lte(600_000));

/** The tracker's answer to a join. */
export const joinAnswerSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('joined'),
    /** Shown to every peer that this one connects to. */
    ticket: tokenSchema,
    ticketExpiresAtMs: z.number(),
    /** Ed25519 key that tickets of this swarm are checked with, base64url. */
    trackerKey: z.string().check(z.length(43)),
    /** Whom to connect to: the newcomer sends the offers. */
    neighbours: z.array(peerDescriptionSchema).check(z.maxLength(LIMITS.links)),
    /** Stripes of the rendition that it watches that the origin will push to this peer. */
    dutyStripes: stripesSchema,
    iceServers: z.array(iceServerSchema).check(z.maxLength(8)),
    reportIntervalMs: reportIntervalSchema,
    /** Wall clock of the tracker, ms. */
    wallMs: z.number(),
  }),
  z.object({
    kind: z.literal('refused'),
    code: z.enum(['BAD_REQUEST', 'RATE_LIMITED', 'PEER_ID_TAKEN', 'BAD_PROOF', 'UNKNOWN_STREAM', 'SWARM_FULL', 'VIEWER_TOKEN']),
    /** A sentence for people. */
    message: z.string().check(z.maxLength(300)),
    retryAfterMs: z.optional(countSchema),
  }),
]);
/** See {@link joinAnswerSchema}. */
export type TrackerJoinAnswer = z.infer<typeof joinAnswerSchema>;

/** Connection set-up between two peers of a swarm; relayed as it is, `from` filled in by the tracker. */
export const signalSchema = z.object({
  from: peerIdSchema,
  to: peerIdSchema,
  /** Chosen by the offerer; tells apart attempts between the same two peers. */
  connectionId: z.string().check(z.regex(/^[0-9a-f]{8,32}$/)),
  body: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('offer'),
      sdp: z.string().check(z.maxLength(LIMITS.signalBytes)),
      ticket: tokenSchema,
    }),
    z.object({
      kind: z.literal('answer'),
      sdp: z.string().check(z.maxLength(LIMITS.signalBytes)),
      ticket: tokenSchema,
    }),
    z.object({
      kind: z.literal('candidate'),
      candidate: z.string().check(z.maxLength(1024)),
      mid: z.string().check(z.maxLength(32)),
    }),
    z.object({ kind: z.literal('refuse'), reason: z.enum(['full', 'badTicket', 'gone']) }),
  ]),
});
/** See {@link signalSchema}. */
export type Signal = z.infer<typeof signalSchema>;
/** The body of a {@link Signal}. */
export type SignalBody = Signal['body'];

/** What a peer has moved since it joined: cumulative totals, so that a lost report costs nothing. */
export const reportSchema = z.object({
  /** Verified media bytes taken from peers. */
  fromPeersBytes: countSchema,
  /** Media bytes taken from the origin over HTTP. */
  fromOriginBytes: countSchema,
  /** Media bytes taken from the origin's seeder. */
  fromSeederBytes: countSchema,
  /**
   * Those of `fromOriginBytes` that were fetched because a deadline came near: all but the chunks of
   * the origin's join answer. Not said by old clients. The tracker seeds more copies when there are many.
   */
  fallbackBytes: z.optional(countSchema),
  /** Media bytes sent to peers. */
  sentBytes: countSchema,
  /** Measured or configured; 0 = unknown. */
  uplinkBitsPerSecond: countSchema,
  neighbourCount: countSchema,
  isUploading: z.boolean(),
  isVisible: z.boolean(),
  /** The rendition that it watches; not said: 0. */
  rendition: z.optional(renditionIdSchema),
});
/** See {@link reportSchema}. */
export type PeerReport = z.infer<typeof reportSchema>;

/** A peer asks for more neighbours. */
export const neighboursWantedSchema = z.object({
  count: z.int().check(z.gte(1), z.lte(LIMITS.links)),
  /** Those it has or has tried in vain. */
  exclude: z.array(peerIdSchema).check(z.maxLength(128)),
  /** They should watch this one; not said: the rendition that it has told of last. */
  rendition: z.optional(renditionIdSchema),
});
/** See {@link neighboursWantedSchema}. */
export type NeighboursWanted = z.infer<typeof neighboursWantedSchema>;

/** Answer to {@link neighboursWantedSchema}. */
export const neighboursAnswerSchema = z.object({
  neighbours: z.array(peerDescriptionSchema).check(z.maxLength(LIMITS.links)),
});
/** See {@link neighboursAnswerSchema}. */
export type NeighboursAnswer = z.infer<typeof neighboursAnswerSchema>;

/** To a super-peer: the stripes of a rendition (not said: 0) that it is now on duty for (none: duty is over). */
export const dutySchema = z.object({ stripes: stripesSchema, rendition: z.optional(renditionIdSchema) });
/** See {@link dutySchema}. */
export type Duty = z.infer<typeof dutySchema>;

/** To the origin's seeder: who is on duty for a rendition (not said: 0), a list of peers for each stripe 0–7. At most 2,048 copies of a chunk. */
export const dutyMapSchema = z.object({
  rendition: z.optional(renditionIdSchema),
  stripes: z.array(z.array(peerIdSchema).check(z.maxLength(2_048))).check(z.length(STRIPE_COUNT)),
});
/** See {@link dutyMapSchema}. */
export type DutyMap = z.infer<typeof dutyMapSchema>;

/**
 * From the origin's seeder at every report time: those on duty that it is linked to now. As many
 * messages as it takes: 400 ids fit a tracker message.
 */
export const seededSchema = z.object({
  peers: z.array(peerIdSchema).check(z.maxLength(400)),
  /** Copies of a chunk, of every rendition, that its uplink can carry beside all else; not said: no limit is known. Its last word stands. */
  maxCopies: z.optional(countSchema),
});
/** See {@link seededSchema}. */
export type Seeded = z.infer<typeof seededSchema>;

/** A fresh ticket, before the old one runs out. */
export const ticketRenewalSchema = z.object({ ticket: tokenSchema, ticketExpiresAtMs: z.number() });
/** See {@link ticketRenewalSchema}. */
export type TicketRenewal = z.infer<typeof ticketRenewalSchema>;

/** From now on the peer is to report so often: a crowd reports less often than a few. */
export const reportIntervalChangeSchema = z.object({ reportIntervalMs: reportIntervalSchema });
/** See {@link reportIntervalChangeSchema}. */
export type ReportIntervalChange = z.infer<typeof reportIntervalChangeSchema>;

/** Socket.IO events from peers to the tracker. */
export type PeerToTrackerEvents = {
  join: (request: JoinRequest, answer: (answer: TrackerJoinAnswer) => void) => void;
  leave: () => void;
  signal: (signal: Signal) => void;
  report: (report: PeerReport) => void;
  /** Only from role `origin`; what others send by it is not read. */
  seeded: (seeded: Seeded) => void;
  neighboursWanted: (wanted: NeighboursWanted, answer: (answer: NeighboursAnswer) => void) => void;
};

/** Socket.IO events from the tracker to peers. */
export type TrackerToPeerEvents = {
  signal: (signal: Signal) => void;
  duty: (duty: Duty) => void;
  dutyMap: (map: DutyMap) => void;
  ticket: (renewal: TicketRenewal) => void;
  reportInterval: (change: ReportIntervalChange) => void;
};

/** One swarm in `GET /api/swarms`, after BitTorrent's scrape. */
export type SwarmScrape = {
  readonly streamId: string;
  /** Peers that serve without watching, the origin's own included. */
  readonly seeders: number;
  readonly viewers: number;
  /** Joins of viewers since the tracker started. */
  readonly downloaded: number;
  /** Media bytes as peers reported them, those who left included. */
  readonly originBytes: number;
  readonly seederBytes: number;
  readonly peerBytes: number;
  /** Copies of each chunk that the origin's seeder is to send now. */
  readonly seedCopies: number;
};

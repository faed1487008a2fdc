import * as z from 'zod/mini';
import type { StreamId } from './ids.js';
import { fingerprintSchema, peerIdSchema, streamIdSchema } from './schemas.js';
import { decodeSignedText, encodeSignedText, type Signer } from './signed-text.js';

const peerRoleSchema = z.enum(['viewer', 'seeder', 'origin']);

/** What a peer is in its swarm: it watches; it only serves, as a volunteer; it is the publisher's own seeder. */
export type PeerRole = z.infer<typeof peerRoleSchema>;
/** A {@link PeerRole} from outside. */
export const roleSchema = peerRoleSchema;

const ticketSchema = z.object({
  version: z.literal(1),
  streamId: streamIdSchema,
  peerId: peerIdSchema,
  role: peerRoleSchema,
  fingerprint: fingerprintSchema,
  expiresAtMs: z.number(),
});

/** The tracker's word that a peer with that certificate belongs to a swarm (DESIGN: Trust). */
export type Ticket = z.infer<typeof ticketSchema>;

/** Serializes and signs a ticket with the tracker's key. */
export function encodeTicket(ticket: Ticket, signer: Signer): string {
  return encodeSignedText('p2ptv ticket v1', ticket, signer);
}

/**
 * Checks a ticket that a peer shows.
 *
 * @param expected the swarm, the tracker's key and the wall clock (ms since the Unix epoch)
 * @returns undefined when it is forged, expired or for another swarm
 */
export function decodeTicket(
  text: string,
  expected: { streamId: StreamId; trackerKey: Uint8Array; wallMs: number },
): Ticket | undefined {
  const parsed = ticketSchema.safeParse(decodeSignedText('p2ptv ticket v1', text, expected.trackerKey));
  if (!parsed.success) return undefined;
  const ticket = parsed.data;
  if (ticket.streamId !== expected.streamId || ticket.expiresAtMs <= expected.wallMs) return undefined;
  return ticket;
}

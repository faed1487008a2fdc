import type { PeerId, PeerRole } from '@p2ptv/protocol';

/** Who is at the other end of a link, as its ticket says. */
export type RemotePeer = { readonly peerId: PeerId; readonly role: PeerRole };

/** Why a link ended. `remote`: the other side closed it or vanished; `failed`: the transport broke. */
export type LinkEnd = 'local' | 'remote' | 'failed';

/**
 * An established channel to a neighbour: reliable, ordered, message by message. Every transport
 * passes the same contract suite (`peer/test/adapters/link-contract.ts`).
 */
export interface Link {
  readonly remote: RemotePeer;
  /** Bytes handed to `send` that have not left this machine yet. */
  readonly bufferedBytes: number;
  /**
   * Sends one frame of 1 … LIMITS.frameBytes bytes; the buffer belongs to the link afterwards.
   * After the link has ended it does nothing.
   *
   * @throws RangeError for a frame beyond the limit
   */
  send(frame: Uint8Array<ArrayBuffer>): void;
  /** Ends the link; what `send` took before is still delivered if the transport can. */
  close(): void;
  /** Sets the only listener, once; what came earlier is delivered right after the call, in order. */
  listen(listener: LinkListener): void;
}

/** What happens on a link. Never called from within a call into the link. */
export interface LinkListener {
  /** A frame came; its buffer is the listener's own. */
  frame(bytes: Uint8Array<ArrayBuffer>): void;
  /** `bufferedBytes` fell to {@link LINK_LOW_WATER_BYTES} or below, from above. */
  drained(): void;
  /** Called exactly once; nothing follows. */
  ended(end: LinkEnd): void;
}

/** See {@link LinkListener.drained}: two blocks keep a channel busy while the next is chosen. */
export const LINK_LOW_WATER_BYTES = 32 * 1024;

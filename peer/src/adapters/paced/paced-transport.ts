import type { LinkTransport } from '../../ports/link-transport.js';
import type { Uplink } from '../../ports/uplink.js';
import { PacedLink } from './paced-link.js';

/** The same transport, with links that wait for their turn on a shared uplink. */
export function pacedTransport(transport: LinkTransport, uplink: Uplink): LinkTransport {
  return {
    fingerprint: transport.fingerprint,
    setCredentials: (credentials) => transport.setCredentials(credentials),
    setLinkLimit: (limit) => transport.setLinkLimit(limit),
    dial: (peerId) => transport.dial(peerId),
    signal: (signal) => transport.signal(signal),
    listen: (listener) =>
      transport.listen({
        sendSignal: (signal) => listener.sendSignal(signal),
        linkOpened: (link, isInitiator) => listener.linkOpened(new PacedLink(link, uplink), isInitiator),
        dialFailed: (peerId, failure) => listener.dialFailed(peerId, failure),
      }),
    close: () => transport.close(),
  };
}

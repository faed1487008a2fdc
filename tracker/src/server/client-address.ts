import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whom a request's allowance is taken from. Behind a trusted reverse proxy that is the last hop of
 * `X-Forwarded-For`, the one that the proxy itself has seen: what stands before it, any client can
 * write. Without the header, or with nonsense in it, it is the other end of the connection.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string | undefined } },
  isProxyTrusted: boolean,
): string {
  const connected = request.socket.remoteAddress ?? '';
  if (!isProxyTrusted) return connected;
  const forwarded = request.headers['x-forwarded-for'];
  const hops = Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '');
  const last = hops.split(',').at(-1)?.trim() ?? '';
  return isIP(last) > 0 ? last : connected;
}

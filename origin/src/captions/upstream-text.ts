import { processTimer } from '../encode/start-timer.js';

/** What an upstream answered, and the address that relative ones in it are relative to. */
export type UpstreamText = { readonly text: string; readonly baseUrl: string };

const REQUEST_LIMIT_MS = 10_000;
/** Of a playlist or a segment; a day's playlist is less. */
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * Fetches a playlist or captions, over http with the name and password that the address has.
 *
 * @throws where it cannot be had, or is too large
 */
export async function fetchText(url: string, signal: AbortSignal): Promise<UpstreamText> {
  const { address, headers } = withoutPassword(url);
  // Not `AbortSignal.any`: a signal that lives for weeks would remember each request.
  const request = new AbortController();
  const giveUp = (): void => request.abort();
  const cancel = processTimer(REQUEST_LIMIT_MS, giveUp);
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    const response = await fetch(address, { headers, signal: request.signal });
    if (!response.ok || !response.body) throw new Error(`The upstream answered ${response.status}.`);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of response.body as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > MAX_BYTES) throw new Error('The upstream answered more than captions are.');
      pieces.push(piece);
    }
    return { text: Buffer.concat(pieces).toString('utf8'), baseUrl: baseOf(response.url, url) };
  } finally {
    cancel();
    signal.removeEventListener('abort', giveUp);
    // What an answer still has is not waited for.
    request.abort();
  }
}

/** `fetch` takes no address that has them. */
function withoutPassword(url: string): { address: URL; headers: Record<string, string> } {
  const address = new URL(url);
  const said = [address.username, address.password].map(decodeURIComponent).join(':');
  address.username = '';
  address.password = '';
  return { address, headers: said === ':' ? {} : { authorization: `Basic ${Buffer.from(said).toString('base64')}` } };
}

/** Where a redirection has led; the password is for its own server alone. */
function baseOf(answeredUrl: string, askedUrl: string): string {
  const [base, asked] = [new URL(answeredUrl), new URL(askedUrl)];
  if (base.origin !== asked.origin) return base.href;
  base.username = asked.username;
  base.password = asked.password;
  return base.href;
}

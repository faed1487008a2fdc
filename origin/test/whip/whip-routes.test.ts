import { afterEach, beforeEach, expect, it } from 'vitest';

import { startWhipOrigin, STREAM_KEY } from './whip-origin.js';

let running: Awaited<ReturnType<typeof startWhipOrigin>>;
beforeEach(async () => {
  running = await startWhipOrigin();
});
afterEach(() => running.close());

const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':');
const OFFER = [
  ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1 2'],
  ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=sendonly', 'a=rtcp-mux', `a=fingerprint:sha-256 ${FINGERPRINT}`, 'a=setup:actpass', 'a=rtpmap:111 opus/48000/2'],
  ...['m=video 9 UDP/TLS/RTP/SAVPF 96 102 103', 'c=IN IP4 0.0.0.0', 'a=mid:1', 'a=sendonly', 'a=rtcp-mux', 'a=rtpmap:96 VP9/90000', 'a=rtpmap:102 H264/90000', 'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f', 'a=rtcp-fb:102 nack', 'a=rtcp-fb:102 nack pli', 'a=rtcp-fb:102 goog-remb', 'a=rtpmap:103 rtx/90000', 'a=fmtp:103 apt=102'],
  ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', 'a=mid:2', ''],
].join('\r\n');

function post(body: string, { key = STREAM_KEY, slug = 'main', type = 'application/sdp' } = {}): Promise<Response> {
  return fetch(`${running.base}/whip/${slug}`, { method: 'POST', headers: { 'content-type': type, ...(key ? { authorization: `Bearer ${key}` } : {}) }, body });
}

it('an offer is answered with the codecs that we take, as an ICE-lite agent, and the rest refused', async () => {
  const response = await post(OFFER);
  expect(response.status).toBe(201);
  expect(response.headers.get('content-type')).toContain('application/sdp');
  const answer = await response.text();
  expect(answer).toContain('a=ice-lite');
  expect(answer).toContain('a=group:BUNDLE 0 1\r\n');
  expect(answer).toContain('m=video 9 UDP/TLS/RTP/SAVPF 102 103');
  expect(answer).toContain('m=application 0 ');
  expect(answer).not.toContain('VP9');
  expect(answer).not.toContain('goog-remb');
  expect(answer).toMatch(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/);
  const session = `${running.base}${response.headers.get('location')}`;
  expect((await fetch(session, { method: 'PATCH', headers: { 'content-type': 'application/trickle-ice-sdpfrag' }, body: 'a=end-of-candidates' })).status).toBe(204);
  expect((await fetch(session, { method: 'DELETE' })).status).toBe(200);
  expect((await fetch(session, { method: 'DELETE' })).status).toBe(404);
});

it('an offer of sound alone is taken', async () => {
  const response = await post(OFFER.replace(/m=video[^]*(?=m=application)/, ''));
  expect(response.status).toBe(201);
  const answer = await response.text();
  expect(answer).toContain('m=audio 9 UDP/TLS/RTP/SAVPF 111');
  expect(answer).not.toContain('m=video');
});

it.each([
  ['no key', 401, () => post(OFFER, { key: '' })],
  ['a wrong key', 401, () => post(OFFER, { key: 'the-wrong-key' })],
  ['a stream that is not there', 404, () => post(OFFER, { slug: 'other' })],
  ['a body of another type', 415, () => post('{}', { type: 'application/json' })],
  ['what is no SDP', 400, () => post('nonsense')],
  ['an offer whose picture we cannot take', 400, () => post(OFFER.replace('H264', 'AV1'))],
  ['an offer of nothing that we take', 400, () => post(OFFER.replace('H264', 'AV1').replace('opus', 'PCMU').replace('m=video 9', 'm=video 0'))],
  ['an offer that is too long', 413, () => post(`${OFFER}${'a=x\r\n'.repeat(30_000)}`)],
])('%s is refused with %d and a sentence', async (_what, status, attempt) => {
  const response = await attempt();
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: expect.stringMatching(/.{10}/) as unknown });
  expect(running.channel.source?.publisher?.isHere).toBe(false);
});

it('a page of another site may publish, and learns where its session is (RFC 9725)', async () => {
  const origin = 'https://studio.example';
  const preflight = (path: string, method: string): Promise<Response> =>
    fetch(`${running.base}${path}`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization,content-type' } });
  const allowed = (response: Response): (string | null)[] => ['origin', 'methods', 'headers'].map((name) => response.headers.get(`access-control-allow-${name}`));
  const asked = await preflight('/whip/main', 'POST');
  expect(asked.status).toBe(204);
  expect(allowed(asked)).toEqual(['*', 'POST', 'authorization, content-type, if-match']);
  expect(asked.headers.get('accept-post')).toBe('application/sdp');
  // Whoever asks from no page at all.
  expect((await fetch(`${running.base}/whip/main`, { method: 'OPTIONS' })).headers.get('accept-post')).toBe('application/sdp');

  const opened = await fetch(`${running.base}/whip/main`, { method: 'POST', headers: { origin, 'content-type': 'application/sdp', authorization: `Bearer ${STREAM_KEY}` }, body: OFFER });
  expect(opened.status).toBe(201);
  expect(opened.headers.get('access-control-allow-origin')).toBe('*');
  expect(opened.headers.get('access-control-expose-headers')).toContain('location');
  const session = opened.headers.get('location') ?? '';
  expect(allowed(await preflight(session, 'DELETE'))).toEqual(['*', 'PATCH, DELETE', 'authorization, content-type, if-match']);
  expect((await fetch(`${running.base}${session}`, { method: 'DELETE', headers: { origin } })).headers.get('access-control-allow-origin')).toBe('*');
  // A refusal can be read there too; nothing else of the origin takes writes from pages of others.
  expect((await fetch(`${running.base}/whip/main`, { method: 'POST', headers: { origin }, body: OFFER })).headers.get('access-control-allow-origin')).toBe('*');
  expect((await preflight('/api/studio/main', 'POST')).headers.get('access-control-allow-methods')).toBe('GET, HEAD');
});

it('a stream that takes its picture from elsewhere says so, and before anybody shows a key (OR3)', async () => {
  const { startOrigin } = await import('../server/origin-fixture.js');
  const other = await startOrigin({ streamKey: STREAM_KEY });
  const response = await fetch(`http://127.0.0.1:${other.origin.port}/whip/main`, { method: 'POST', headers: { 'content-type': 'application/sdp', authorization: `Bearer ${STREAM_KEY}` }, body: OFFER });
  expect(response.status).toBe(409);
  const isWhip = async (base: string): Promise<unknown> => ((await (await fetch(`${base}/api/streams/main`)).json()) as { isWhip?: unknown }).isWhip;
  expect([await isWhip(running.base), await isWhip(`http://127.0.0.1:${other.origin.port}`)]).toEqual([true, false]);
  await other.close();
});

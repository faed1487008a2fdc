import type { Browser, Page } from 'playwright-core';

import type { IngestOrigin } from '../ingest-origin.js';
import { openPublisherPage } from './page-publisher.js';
import type { WayIn } from './way.js';

/** What OBS and GStreamer speak over WebRTC; here a page does, with the browser's own RTCPeerConnection. */
export const whip: WayIn = {
  name: 'whip',
  summary: 'a page that has its camera open, from the making of its connection',
  protocol: undefined,
  slug: 'main',
  originSettings: () => ['--input', 'whip'],
  prepare: async ({ origin, publishing }) => {
    const page = await openCameraPage(publishing, origin);
    return {
      failure: undefined,
      start: async () => (await publishByWhip(page, { origin })).startedAtMs,
      stop: () => page.context().close(),
    };
  },
};

/** The picture that is published, pixels. */
export const CAMERA = { width: 1280, height: 720 } as const;

/** A page with its camera and microphone on. */
export async function openCameraPage(publishing: Browser, { url }: IngestOrigin): Promise<Page> {
  // Any page of the origin will do: it is asked from the same address.
  const page = await openPublisherPage(publishing, `${url}/`);
  await page.evaluate(openCamera, CAMERA);
  return page;
}

/** A publication: when it began, ms since the Unix epoch, and its path at the origin. */
export type WhipPublication = { readonly startedAtMs: number; readonly location: string };

/**
 * Publishes what the page's camera sees.
 *
 * @param to `relayOf`: gives the port to send to instead of the one at which the origin listens on loopback
 */
export async function publishByWhip(
  page: Page,
  { origin, relayOf }: { readonly origin: IngestOrigin; readonly relayOf?: (originPort: number) => Promise<number> },
): Promise<WhipPublication> {
  const { answer, ...publication } = await page.evaluate(offer, origin.streamKey);
  await page.evaluate(accept, relayOf ? await throughRelay(answer, relayOf) : answer);
  return publication;
}

/** All addresses of the origin become the relay's. */
async function throughRelay(answer: string, relayOf: (originPort: number) => Promise<number>): Promise<string> {
  const loopback = /^a=candidate:.* 127\.0\.0\.1 (\d+) typ host/m.exec(answer);
  const port = await relayOf(Number(loopback?.[1]));
  return answer.replace(/^(a=candidate:\S+ \d+ \S+ \d+ \S+) \d+ typ host/gm, `$1 ${port} typ host`);
}

type Camera = typeof globalThis & { camera?: MediaStream; connection?: RTCPeerConnection };

/** Runs in the page. */
async function openCamera(size: { readonly width: number; readonly height: number }): Promise<void> {
  (globalThis as Camera).camera = await navigator.mediaDevices.getUserMedia({ video: { ...size, frameRate: 30 }, audio: true });
}

/** Runs in the page (RFC 9725, without trickling). */
async function offer(streamKey: string): Promise<WhipPublication & { readonly answer: string }> {
  const startedAtMs = Date.now();
  const scope = globalThis as Camera;
  const connection = new RTCPeerConnection();
  // Or it is collected.
  scope.connection = connection;
  for (const track of scope.camera?.getTracks() ?? []) connection.addTransceiver(track, { direction: 'sendonly', streams: scope.camera ? [scope.camera] : [] });
  await connection.setLocalDescription();
  const response = await fetch('/whip/main', {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${streamKey}` },
    body: connection.localDescription?.sdp ?? '',
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`The origin answered ${response.status}: ${answer}`);
  return { startedAtMs, answer, location: response.headers.get('location') ?? '' };
}

/** Runs in the page. */
async function accept(answer: string): Promise<void> {
  await (globalThis as Camera).connection?.setRemoteDescription({ type: 'answer', sdp: answer });
}

import type { Page } from 'playwright-core';

import type { IngestOrigin } from '../ingest-origin.js';
import { openPublisherPage, type PublishingBrowser } from './page-publisher.js';
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
      page,
      start: () => page.evaluate(publish, origin.streamKey),
      stop: () => page.context().close(),
    };
  },
};

/** The picture that is published, pixels. */
const CAMERA = { width: 1280, height: 720 } as const;

/** A page with its camera and microphone on. */
async function openCameraPage(publishing: PublishingBrowser, { url }: IngestOrigin): Promise<Page> {
  // Any page of the origin will do: it is asked from the same address.
  const page = await openPublisherPage(publishing, `${url}/`);
  await page.evaluate(openCamera, CAMERA);
  return page;
}

type Camera = typeof globalThis & { camera?: MediaStream; connection?: RTCPeerConnection };

/** Runs in the page. */
async function openCamera(size: { readonly width: number; readonly height: number }): Promise<void> {
  (globalThis as Camera).camera = await navigator.mediaDevices.getUserMedia({ video: { ...size, frameRate: 30 }, audio: true });
}

/** Runs in the page (RFC 9725, without trickling). */
async function publish(streamKey: string): Promise<number> {
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
  await connection.setRemoteDescription({ type: 'answer', sdp: answer });
  return startedAtMs;
}

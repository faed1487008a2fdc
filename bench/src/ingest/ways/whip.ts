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
    // Any page of the origin will do: it is asked from the same address.
    const page = await openPublisherPage(publishing, `${origin.url}/`);
    await page.evaluate(openCamera);
    return {
      failure: undefined,
      start: () => page.evaluate(publish, origin.streamKey),
      stop: () => page.context().close(),
    };
  },
};

type Camera = typeof globalThis & { camera?: MediaStream; connection?: RTCPeerConnection };

/** Runs in the page. */
async function openCamera(): Promise<void> {
  (globalThis as Camera).camera = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720, frameRate: 30 }, audio: true });
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
  if (!response.ok) throw new Error(`The origin answered ${response.status}: ${await response.text()}`);
  await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  return startedAtMs;
}

import type { Browser, Page } from 'playwright-core';

import { launchChromium } from '../support/chromium.js';

/** A real Chromium with a camera that shows a moving picture and beeps. */
export function launchPublisherBrowser(): Promise<Browser> {
  return launchChromium(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
}

/** How a {@link publishByWhip | publication} is asked for. */
export type WhipRequest = { readonly url: string; readonly key: string; readonly codec?: 'H264' | 'VP8'; readonly width?: number; readonly height?: number };

/**
 * Publishes camera and microphone of a page by WHIP, as any client would: an offer by POST, the answer back.
 *
 * @returns the status, the address to stop at, and when the offer went out, by the page's wall clock
 */
export function publishByWhip(page: Page, request: WhipRequest): Promise<{ readonly status: number; readonly location: string | null; readonly postedAtMs: number }> {
  return page.evaluate(async ({ url, key, codec, width, height }) => {
    const media = await navigator.mediaDevices.getUserMedia({ video: { width: width ?? 640, height: height ?? 360, frameRate: 30 }, audio: true });
    const connection = new RTCPeerConnection();
    for (const track of media.getTracks()) {
      const transceiver = connection.addTransceiver(track, { direction: 'sendonly', streams: [media] });
      const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
      if (track.kind === 'video' && codec) transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => new RegExp(`${codec}|rtx`, 'i').test(mimeType)));
    }
    await connection.setLocalDescription();
    const postedAtMs = Date.now();
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/sdp', authorization: `Bearer ${key}` }, body: connection.localDescription?.sdp ?? '' });
    if (response.status === 201) await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    (globalThis as unknown as { connection: RTCPeerConnection }).connection = connection;
    return { status: response.status, location: response.headers.get('location'), postedAtMs };
  }, request);
}

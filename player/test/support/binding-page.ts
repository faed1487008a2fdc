import Hls from 'hls.js';
import type { ChunkHeader } from '@p2ptv/protocol';
import { HlsAttachment } from '../../src/library/hls-attachment.js';
import { FakeSession } from './fake-session.js';
import { FEED_RECORD } from './feed-record.js';

/** What the browser test reads and turns. */
export type BindingPage = {
  readonly session: FakeSession;
  readonly attachment: HlsAttachment;
  readonly hls: Hls;
  readonly video: HTMLVideoElement;
  /** hls.js's errors by name, in order; without its own way to the start. */
  readonly errors: string[];
  /** Parts are handed over only while this is false. */
  isHeld: boolean;
  /** Addresses that hls.js's own loaders asked for. */
  readonly ownRequests: string[];
  /** Feeds the session from the test's origin. */
  follow(): Promise<void>;
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const bytesAt = async (path: string): Promise<Uint8Array> => new Uint8Array(await (await fetch(path)).arrayBuffer());

async function follow(page: BindingPage): Promise<void> {
  const { session } = page;
  session.addInit('b'.repeat(64), await bytesAt('/init'));
  let after = -1;
  for (;;) {
    const response = await fetch(`/feed?after=${after}`);
    const headers = (await response.json()) as ChunkHeader[];
    const isFirst = after === -1;
    // As an origin's join: from the last independent part that lies far enough behind the edge.
    const from = isFirst
      ? headers.findLastIndex(({ isIndependent }, index) => isIndependent && index <= headers.length - 4)
      : 0;
    const wanted = headers.slice(Math.max(0, from));
    const chunks = await Promise.all(wanted.map(({ sequence }) => bytesAt(`/chunk/${sequence}`)));
    while (page.isHeld) await pause(20);
    if (isFirst) session.join(FEED_RECORD);
    wanted.forEach((header, index) => session.addPart(header, chunks[index] ?? new Uint8Array()));
    after = headers.at(-1)?.sequence ?? after;
  }
}

const video = document.querySelector('video') ?? document.createElement('video');
const hls = new Hls({ enableWorker: false, xhrSetup: (_xhr, url) => void ownRequests.push(url) });
const ownRequests: string[] = [];
const errors: string[] = [];
hls.on(Hls.Events.ERROR, (_name, data) => {
  // On a busy machine hls.js looks for gaps before it has gone to its start: it goes there from 0 itself.
  const isGoingToStart = data.details === Hls.ErrorDetails.BUFFER_SEEK_OVER_HOLE && video.played.length === 0;
  if (data.fatal || !isGoingToStart) errors.push(`${data.details}${data.fatal ? ' (fatal)' : ''}`);
});
const session = new FakeSession();
const attachment = new HlsAttachment(hls, {
  session,
  baseUrl: `${location.origin}/live/main`,
  upload: { mode: 'on' },
});
hls.attachMedia(video);
const page: BindingPage = {
  session,
  attachment,
  hls,
  video,
  errors,
  isHeld: false,
  ownRequests,
  follow: () => follow(page),
};
(globalThis as unknown as { binding: BindingPage }).binding = page;
void video.play().catch(() => undefined);

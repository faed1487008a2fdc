import Hls from 'hls.js';
import type { ChunkHeader } from '@p2ptv/protocol';
import { HlsAttachment } from '../../src/library/hls-attachment.js';
import { FakeSession } from './fake-session.js';
import { FEED_RECORD } from './feed-record.js';

/** What the browser test reads and turns. */
type BindingPage = {
  session: FakeSession;
  attachment: HlsAttachment;
  hls: Hls;
  video: HTMLVideoElement;
  errors: string[];
  lateMs: number;
  isPaused: boolean;
};

async function follow(page: BindingPage): Promise<void> {
  const { session } = page;
  const init = new Uint8Array(await (await fetch('/init')).arrayBuffer());
  session.addInit('b'.repeat(64), init);
  let after = -1;
  let isFirst = true;
  for (;;) {
    const headers = (await (await fetch(`/feed?after=${after}`)).json()) as ChunkHeader[];
    const from = isFirst ? headers.findLastIndex((header, index) => header.isIndependent && index <= headers.length - 4) : 0;
    const wanted = headers.slice(Math.max(0, from));
    const chunks = await Promise.all(
      wanted.map(async ({ sequence }) => new Uint8Array(await (await fetch(`/chunk/${sequence}`)).arrayBuffer())),
    );
    if (page.lateMs > 0) await new Promise((resolve) => setTimeout(resolve, page.lateMs));
    while (page.isPaused) await new Promise((resolve) => setTimeout(resolve, 50));
    if (isFirst) session.join(FEED_RECORD);
    isFirst = false;
    wanted.forEach((header, index) => session.addPart(header, chunks[index] ?? new Uint8Array()));
    after = headers.at(-1)?.sequence ?? after;
  }
}

const video = document.querySelector('video') ?? document.createElement('video');
const hls = new Hls({ enableWorker: false, debug: true });
const session = new FakeSession();
const errors: string[] = [];
hls.on(Hls.Events.ERROR, (_name, data) => errors.push(`${data.details}${data.fatal ? ' (fatal)' : ''}`));
const attachment = new HlsAttachment(hls, {
  session,
  baseUrl: `${location.origin}/live/main`,
  upload: { mode: 'on' },
});
hls.attachMedia(video);
const page: BindingPage = { session, attachment, hls, video, errors, lateMs: 0, isPaused: false };
(globalThis as unknown as { binding: BindingPage }).binding = page;
void video.play().catch(() => undefined);
void follow(page);

import Hls from 'hls.js';
import { attachP2ptv } from '../../src/library/attach-p2ptv.js';
import type { P2ptvAttachment } from '../../src/library/attachment.js';

/** What the browser test reads and turns. */
export type RecordingPage = {
  readonly attachment: P2ptvAttachment;
  readonly video: HTMLVideoElement;
  readonly hls: Hls;
  /** hls.js's errors, fatal ones marked. */
  readonly errors: string[];
  /** Goes there, in s of the recording; resolves with the ms until the picture stands there. */
  seek(seconds: number): Promise<number>;
};

/** However busy the machine, its disk is waited for. */
const SLOW_DISK = { openMs: 60_000, readMs: 60_000 };

const video = document.querySelector('video') ?? document.createElement('video');
const hls = new Hls({ debug: location.hash === '#debug' });
const errors: string[] = [];
hls.on(Hls.Events.ERROR, (_name, data) => errors.push(`${data.details}${data.fatal ? ' (fatal)' : ''} ${data.error.message}`));
const link = new URLSearchParams(location.search).get('link') ?? '';
const page: RecordingPage = {
  attachment: attachP2ptv(hls, { link, cache: SLOW_DISK }),
  video,
  hls,
  errors,
  seek: (seconds) =>
    new Promise((resolve) => {
      const fromMs = performance.now();
      const painted = (_nowMs: number, frame: VideoFrameCallbackMetadata): void => {
        if (Math.abs(frame.mediaTime - seconds) < 0.5) resolve(performance.now() - fromMs);
        else video.requestVideoFrameCallback(painted);
      };
      video.requestVideoFrameCallback(painted);
      video.currentTime = seconds;
    }),
};
hls.attachMedia(video);
(globalThis as unknown as { recording: RecordingPage }).recording = page;
void video.play().catch(() => undefined);

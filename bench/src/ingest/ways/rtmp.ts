import { FfmpegPublisher } from './ffmpeg-publisher.js';
import type { WayIn } from './way.js';

/** What OBS and most encoders speak. */
export const rtmp: WayIn = {
  name: 'rtmp',
  summary: 'ffmpeg, from the start of its process',
  protocol: 'tcp',
  slug: 'main',
  originSettings: (port) => ['--input', 'rtmp', '--rtmp-port', String(port)],
  prepare: ({ origin, port, ffmpegPath, film }) =>
    Promise.resolve(new FfmpegPublisher(ffmpegPath, { film, output: ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${origin.streamKey}`] })),
};

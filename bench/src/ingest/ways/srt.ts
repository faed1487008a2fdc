import { FfmpegPublisher } from './ffmpeg-publisher.js';
import type { WayIn } from './way.js';

/** What hardware encoders send over lines that lose packets. */
export const srt: WayIn = {
  name: 'srt',
  summary: 'ffmpeg with SRT, from the start of its process',
  protocol: 'udp',
  slug: 'main',
  originSettings: (port) => ['--input', `srt:${port}`],
  prepare: ({ port, ffmpegPath, film }) => Promise.resolve(new FfmpegPublisher(ffmpegPath, { film, output: ['-f', 'mpegts', `srt://127.0.0.1:${port}`] })),
};

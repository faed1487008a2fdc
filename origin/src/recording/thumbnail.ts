import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';

import { unlinkIfThere } from '../package/durable-file.js';
import type { RecordingLibrary } from './recording-library.js';

/** Lines of a thumbnail, at most. */
const HEIGHT = 270;
/** Where in a recording it is taken: past what opens most of them. */
const PLACE_RATIO = 0.2;
/** ffmpeg takes a tenth of a second; what takes so long hangs. */
const LIMIT_MS = 20_000;

/**
 * Makes the thumbnail of a recording: a key frame of its best picture.
 *
 * @returns false where it has no picture
 */
export async function makeThumbnail(library: RecordingLibrary, id: string, ffmpegPath: string): Promise<boolean> {
  const log = library.get(id)?.live.log;
  const segments = log?.recorded() ?? [];
  const segment = segments[Math.floor(segments.length * PLACE_RATIO)];
  const init = segment && log?.init(segment.initHash);
  const chunk = segment && (await log?.read(segment.sequence as never));
  if (!init || !chunk) return false;
  const path = library.folderOf(id).thumbnail;
  const draft = `${path}.draft`;
  const isMade = await runFfmpeg(ffmpegPath, { media: Buffer.concat([init, chunk.bytes]), path: draft });
  if (isMade) renameSync(draft, path);
  else unlinkIfThere(draft);
  return isMade;
}

function runFfmpeg(ffmpegPath: string, { media, path }: { readonly media: Buffer; readonly path: string }): Promise<boolean> {
  const options = ['-v', 'error', '-i', 'pipe:0', '-frames:v', '1', '-vf', `scale=-2:'min(${HEIGHT},ih)'`, '-q:v', '5', '-f', 'mjpeg', '-y', path];
  return new Promise((resolve) => {
    const ffmpeg = spawn(ffmpegPath, options, { stdio: ['pipe', 'ignore', 'ignore'], timeout: LIMIT_MS });
    ffmpeg.once('error', () => resolve(false));
    ffmpeg.once('exit', (code) => resolve(code === 0));
    // It has read enough before it has read all.
    ffmpeg.stdin.on('error', () => undefined);
    ffmpeg.stdin.end(media);
  });
}

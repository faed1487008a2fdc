import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

/** ffmpeg takes a tenth of a second; what takes so long hangs. */
const LIMIT_MS = 20_000;
/** A sheet of a hundred small pictures has a fifth of it. */
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * Makes one JPEG of the key frames of some media, with what the machine can spare.
 *
 * @param picture `media`: an init segment and chunks that begin with key frames; `filter`: ffmpeg's, in which the first picture that comes out counts
 * @returns undefined where no picture comes of it
 */
export function stillPicture(ffmpegPath: string, { media, filter }: { readonly media: Uint8Array; readonly filter: string }): Promise<Buffer | undefined> {
  const options = ['-v', 'error', '-threads', '1', '-skip_frame', 'nokey', '-i', 'pipe:0', '-an', '-vf', filter, '-frames:v', '1', '-q:v', '5', '-f', 'mjpeg', 'pipe:1'];
  return new Promise((resolve) => {
    const ffmpeg = spawn(ffmpegPath, options, { stdio: ['pipe', 'pipe', 'ignore'], timeout: LIMIT_MS, windowsHide: true });
    try {
      if (ffmpeg.pid !== undefined) setPriority(ffmpeg.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended already.
    }
    const pieces: Buffer[] = [];
    let byteLength = 0;
    ffmpeg.stdout.on('data', (piece: Buffer) => {
      byteLength += piece.length;
      if (byteLength > MAX_BYTES) ffmpeg.kill('SIGKILL');
      else pieces.push(piece);
    });
    ffmpeg.once('error', () => resolve(undefined));
    ffmpeg.once('close', (code) => resolve(code === 0 && byteLength > 0 ? Buffer.concat(pieces) : undefined));
    // It has read enough before it has read all.
    ffmpeg.stdin.on('error', () => undefined);
    ffmpeg.stdin.end(media);
  });
}

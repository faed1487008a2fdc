import { stillPicture } from './still-picture.js';

/** Lines of a picture. */
const HEIGHT = 90;

/** Pixels of each picture that is made of a rendition of this size. */
export function previewSize({ width, height }: { readonly width: number; readonly height: number }): { readonly width: number; readonly height: number } {
  return { width: Math.max(2, 2 * Math.round((HEIGHT * width) / height / 2)), height: HEIGHT };
}

/** Between two pictures, on the clock of their tracks: more than any chunk lasts. */
const STEP_TICKS = 10_000_000;
const TFDT = Buffer.from('tfdt', 'latin1');
const MDAT = Buffer.from('mdat', 'latin1');

/** What a sheet is made of: chunks that begin with key frames, in one encoding, and how many go into a row. */
export type PreviewSource = {
  readonly init: Uint8Array;
  readonly chunks: readonly Uint8Array[];
  readonly size: { readonly width: number; readonly height: number };
  readonly columns: number;
};

/** Puts a picture of each chunk on one sheet, row by row; undefined where no picture comes of it. */
export function previewSheet(ffmpegPath: string, { init, chunks, size, columns }: PreviewSource): Promise<Buffer | undefined> {
  const tiles = `${columns}x${Math.ceil(chunks.length / columns)}:nb_frames=${chunks.length}`;
  const media = Buffer.concat([init, ...chunks.map((chunk, index) => withDecodeTime(chunk, index * STEP_TICKS))]);
  return stillPicture(ffmpegPath, { media, filter: `scale=${size.width}:${size.height},setsar=1,tile=${tiles}` });
}

/** Of the same time twice, or of a time that goes back, as in another session, ffmpeg would make nothing. */
function withDecodeTime(chunk: Uint8Array, ticks: number): Buffer {
  const copy = Buffer.from(chunk);
  const end = copy.indexOf(MDAT);
  for (let at = copy.indexOf(TFDT); at !== -1 && at < end; at = copy.indexOf(TFDT, at + TFDT.length)) copy.writeBigUInt64BE(BigInt(ticks), at + 8);
  return copy;
}

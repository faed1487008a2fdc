import type { ChunkSequence } from '@p2ptv/protocol';

import { stillPicture } from '../encode/still-picture.js';
import { replaceFile } from '../package/durable-file.js';
import type { RecordingLibrary } from './recording-library.js';

/** Lines of a thumbnail, at most. */
const HEIGHT = 270;
/** Where in a recording it is taken: past what opens most of them. */
const PLACE_RATIO = 0.2;

/**
 * Makes the thumbnail of a recording: a key frame of its best picture.
 *
 * @returns false where it has no picture
 */
export async function makeThumbnail(library: RecordingLibrary, id: string, ffmpegPath: string): Promise<boolean> {
  const stream = library.get(id)?.live;
  if ((stream?.record?.renditions[0]?.height ?? 0) === 0) return false;
  const log = stream?.log;
  const segments = log?.recorded() ?? [];
  const segment = segments[Math.floor(segments.length * PLACE_RATIO)];
  const init = segment && log?.init(segment.initHash);
  const chunk = segment && (await log?.read(segment.sequence as ChunkSequence));
  if (!init || !chunk) return false;
  const picture = await stillPicture(ffmpegPath, { media: Buffer.concat([init, chunk.bytes]), filter: `scale=-2:'min(${HEIGHT},ih)'` });
  if (!picture) return false;
  replaceFile(library.folderOf(id).thumbnail, picture);
  return true;
}

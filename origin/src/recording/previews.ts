import type { ChunkSequence, SeekPreviews } from '@p2ptv/protocol';

import { stillPicture } from '../encode/still-picture.js';
import { replaceFile } from '../package/durable-file.js';
import type { RecordingLibrary } from './recording-library.js';

/** Pictures of a recording, at most: one for each hundredth of a seek bar. */
const MAX_PICTURES = 100;
const COLUMNS = 10;
/** Lines of a picture. */
const HEIGHT = 90;

/**
 * Makes the pictures that show beside a seek bar: key frames at even distances, all on one sheet, row by row.
 *
 * @returns false where there is no picture
 */
export async function makePreviews(library: RecordingLibrary, id: string, ffmpegPath: string): Promise<boolean> {
  const stream = library.get(id)?.live;
  const [smallest] = [...(stream?.record?.renditions ?? [])].filter(({ height }) => height > 0).sort((left, right) => left.height - right.height);
  const log = smallest && stream?.rendition(smallest.id);
  const segments = log?.recorded() ?? [];
  const initHash = segments[Math.floor(segments.length / 2)]?.initHash;
  const init = initHash === undefined ? undefined : log?.init(initHash);
  if (!smallest || !log || !init) return false;
  const count = Math.min(MAX_PICTURES, segments.length);
  const pieces: Uint8Array[] = [init];
  for (let picture = 0; picture < count; picture++) {
    const wanted = Math.floor(((picture + 0.5) * segments.length) / count);
    // What was encoded otherwise is decoded otherwise: then the nearest that is like most.
    const segment = nearest(segments, wanted, (other) => other.initHash === initHash);
    const chunk = segment && (await log.read(segment.sequence as ChunkSequence));
    if (!chunk) return false;
    pieces.push(chunk.bytes);
  }
  const width = Math.max(2, 2 * Math.round((HEIGHT * smallest.width) / smallest.height / 2));
  const rows = Math.ceil(count / COLUMNS);
  const sheet = await stillPicture(ffmpegPath, { media: Buffer.concat(pieces), filter: `scale=${width}:${HEIGHT},setsar=1,tile=${Math.min(COLUMNS, count)}x${rows}:nb_frames=${count}` });
  if (!sheet) return false;
  const folder = library.folderOf(id);
  const described: SeekPreviews = { width, height: HEIGHT, columns: Math.min(COLUMNS, count), count };
  replaceFile(folder.previews, sheet);
  folder.describePreviews(described);
  return true;
}

function nearest<Item>(items: readonly Item[], index: number, isFit: (item: Item) => boolean): Item | undefined {
  for (let distance = 0; distance < items.length; distance++) {
    const found = [items[index - distance], items[index + distance]].find((item) => item !== undefined && isFit(item));
    if (found !== undefined) return found;
  }
  return undefined;
}

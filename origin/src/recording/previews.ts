import type { ChunkSequence, SeekPreviews } from '@p2ptv/protocol';

import { previewSheet, previewSize } from '../encode/preview-sheet.js';
import { replaceFile } from '../package/durable-file.js';
import type { RecordingLibrary } from './recording-library.js';

/** Pictures of a recording, at most: one for each hundredth of a seek bar. */
const MAX_PICTURES = 100;
const COLUMNS = 10;

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
  const chunks: Uint8Array[] = [];
  for (let picture = 0; picture < count; picture++) {
    const wanted = Math.floor(((picture + 0.5) * segments.length) / count);
    // What was encoded otherwise is decoded otherwise: then the nearest that is like most.
    const segment = nearest(segments, wanted, (other) => other.initHash === initHash);
    const chunk = segment && (await log.read(segment.sequence as ChunkSequence));
    if (!chunk) return false;
    chunks.push(chunk.bytes);
  }
  const size = previewSize(smallest);
  const columns = Math.min(COLUMNS, count);
  const sheet = await previewSheet(ffmpegPath, { init, chunks, size, columns });
  if (!sheet) return false;
  const folder = library.folderOf(id);
  const described: SeekPreviews = { ...size, columns, count };
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

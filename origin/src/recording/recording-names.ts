import { isSlug } from '@p2ptv/protocol';

/** Longest part of a stream's name that a recording's name begins with. */
const NAME_LENGTH = 40;

/** The name of what a stream publishes from a date on, unless it is taken: `main-20261122-183000`. */
export function recordingName(stream: string, dateMs: number, isTaken: (name: string) => boolean): string {
  const [day = '', time = ''] = new Date(dateMs).toISOString().slice(0, 19).replace(/[-:]/g, '').split('T');
  const name = `${stream.slice(0, NAME_LENGTH).replace(/-+$/, '')}-${day}-${time}`;
  if (!isSlug(name)) throw new RangeError(`${stream} is no name of a stream`);
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** The name under which a file of a rendition's chunks is stored: `rendition-0/chunks-0000000000.log`. */
export function storedName(rendition: number, path: string): string {
  return `rendition-${rendition}/${path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)}`;
}

/** The rendition of a stored file. */
export function renditionOfName(name: string): number {
  return Number(/^rendition-(\d+)\//.exec(name)?.[1] ?? 0);
}

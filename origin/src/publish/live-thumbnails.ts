import type { ChunkSequence } from '@p2ptv/protocol';

import type { Ffmpeg } from '../encode/ffmpeg-location.js';
import { stillPicture } from '../encode/still-picture.js';
import type { ServedStream } from './served-stream.js';

/** How long a picture is shown as the newest, ms: each costs an ffmpeg. */
export const THUMBNAIL_MS = 20_000;
/** Lines of a picture. */
const HEIGHT = 270;
/** A GOP is at most so many parts; the last key frame is among them. */
const NEWEST_PARTS = 64;

type Picture = { readonly madeAtMs: number; readonly sequence: ChunkSequence; readonly jpeg: Buffer };

/** Pictures of what is live, made from the newest key frame when somebody looks. One at a time, so that a crowd that looks costs no more than one who does. */
export class LiveThumbnails {
  readonly #nowMs: () => number;
  readonly #pictures = new WeakMap<ServedStream, Picture>();
  readonly #making = new WeakMap<ServedStream, Promise<Picture | undefined>>();
  readonly #locate: () => Promise<Ffmpeg>;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param nowMs a clock that never goes back, ms */
  constructor(nowMs: () => number, locate: () => Promise<Ffmpeg>) {
    this.#nowMs = nowMs;
    this.#locate = locate;
  }

  /** The newest picture of a stream, at most {@link THUMBNAIL_MS} old while it is live; undefined where it has none. */
  async get(stream: ServedStream): Promise<Buffer | undefined> {
    const known = this.#pictures.get(stream);
    if (known && this.#nowMs() - known.madeAtMs < THUMBNAIL_MS) return known.jpeg;
    let making = this.#making.get(stream);
    if (!making) {
      making = this.#turn.then(() => this.#make(stream, known)).finally(() => this.#making.delete(stream));
      this.#turn = making.catch(() => undefined);
      this.#making.set(stream, making);
    }
    return (await making)?.jpeg;
  }

  async #make(stream: ServedStream, known: Picture | undefined): Promise<Picture | undefined> {
    const madeAtMs = this.#nowMs();
    // The smallest that is large enough: it is decoded fastest.
    const renditions = [...(stream.record?.renditions ?? [])].filter(({ height }) => height > 0).sort((left, right) => left.height - right.height);
    const chosen = renditions.find(({ height }) => height >= HEIGHT) ?? renditions.at(-1);
    const log = chosen && stream.rendition(chosen.id);
    const [chunk] = log?.newest(0, NEWEST_PARTS) ?? [];
    const header = chunk?.signed.header;
    const init = header && log?.init(header.initHash);
    if (!chunk || !header || !init || !header.isIndependent) return known;
    // Where nothing has come since, what there is stays the newest.
    const jpeg = known?.sequence === header.sequence ? known.jpeg : await this.#picture(Buffer.concat([init, chunk.bytes]));
    if (!jpeg) return known;
    const picture = { madeAtMs, sequence: header.sequence, jpeg };
    this.#pictures.set(stream, picture);
    return picture;
  }

  async #picture(media: Uint8Array): Promise<Buffer | undefined> {
    const { path } = await this.#locate();
    return stillPicture(path, { media, filter: `scale=-2:'min(${HEIGHT},ih)'` });
  }
}

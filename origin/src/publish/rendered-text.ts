import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** A text as it is sent, once as it is and once compressed. */
export type RenderedText = {
  readonly bytes: Uint8Array;
  /** Compressed when the first client wants it. */
  readonly gzip: () => Uint8Array;
  /** Weak, because both forms share it. */
  readonly etag: string;
};

/** Makes a text ready to be sent to many. */
export function renderedText(text: string): RenderedText {
  const bytes = Buffer.from(text);
  const etag = `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  let compressed: Uint8Array | undefined;
  return { bytes, etag, gzip: () => (compressed ??= gzipSync(bytes)) };
}

import { pipeline, Transform, type TransformCallback } from 'node:stream';

import type { UplinkGate } from './uplink-gate.js';

/** The body of a page or a picture, which goes out as the uplink lets it: last, after all that viewers need in time. An answer to HEAD has none. */
export function pacedBody(payload: unknown, { method, gate }: { readonly method: string; readonly gate: UplinkGate }): unknown {
  if (method === 'HEAD') return payload;
  if (isStream(payload)) {
    const paced = new PacedBody(gate);
    // An end or an error of either is the other's; who reads learns of it by the stream itself.
    pipeline(payload, paced, () => undefined);
    return paced;
  }
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return payload;
  const paced = new PacedBody(gate);
  paced.end(payload);
  return paced;
}

/** By what it does: compression sends streams that are no instances of Node's own classes. */
function isStream(payload: unknown): payload is NodeJS.ReadableStream {
  return typeof (payload as { pipe?: unknown } | null | undefined)?.pipe === 'function';
}

class PacedBody extends Transform {
  readonly #gate: UplinkGate;
  readonly #place: number;
  #withdraw: (() => void) | undefined;

  constructor(gate: UplinkGate) {
    super();
    this.#gate = gate;
    this.#place = gate.newPlace();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const pieceBytes = this.#gate.pieceBytes;
    const next = (start: number): void => {
      if (start >= chunk.length) {
        done();
        return;
      }
      const piece = chunk.subarray(start, start + pieceBytes);
      this.#withdraw = this.#gate.ask({
        bytes: piece.length,
        laterBytes: chunk.length - start - piece.length,
        priority: 'other',
        place: this.#place,
        granted: () => {
          this.push(piece);
          next(start + pieceBytes);
        },
      });
    };
    next(0);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#withdraw?.();
    done(error);
  }
}

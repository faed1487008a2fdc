import { pipeline, Transform, type TransformCallback } from 'node:stream';

import type { UplinkGate } from '../uplink/uplink-gate.js';

/** A page's body that goes out as the uplink lets it: last, after all that viewers need in time. */
export function pacedPage(payload: unknown, gate: UplinkGate): unknown {
  if (isStream(payload)) {
    const paced = new PacedBody(gate);
    // An end or an error of either is the other's; who reads learns of it by the stream itself.
    pipeline(payload, paced, () => undefined);
    return paced;
  }
  if (typeof payload === 'string' || payload instanceof Uint8Array) gate.spend(Buffer.byteLength(payload), 'other');
  return payload;
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

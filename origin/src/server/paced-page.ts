import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream';

import type { UplinkGate } from '../uplink/uplink-gate.js';

/** A page's body that goes out as the uplink lets it: last, after all that viewers need in time. */
export function pacedPage(payload: unknown, gate: UplinkGate): unknown {
  if (payload instanceof Readable) {
    const paced = new PacedBody(gate);
    // An end or an error of either is the other's; who reads learns of it by the stream itself.
    pipeline(payload, paced, () => undefined);
    return paced;
  }
  if (typeof payload === 'string' || payload instanceof Uint8Array) gate.spend(Buffer.byteLength(payload), 'other');
  return payload;
}

class PacedBody extends Transform {
  readonly #gate: UplinkGate;
  #withdraw: (() => void) | undefined;

  constructor(gate: UplinkGate) {
    super();
    this.#gate = gate;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const pieceBytes = this.#gate.pieceBytes;
    const next = (start: number): void => {
      if (start >= chunk.length) {
        done();
        return;
      }
      const piece = chunk.subarray(start, start + pieceBytes);
      this.#withdraw = this.#gate.ask(piece.length, 'other', () => {
        this.push(piece);
        next(start + pieceBytes);
      });
    };
    next(0);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#withdraw?.();
    done(error);
  }
}

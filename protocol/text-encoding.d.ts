/**
 * UTF-8 coding is pure and exists in every runtime we target, but TypeScript declares it only with the DOM or Node.
 * Declaring just this keeps clocks, timers and I/O out of the protocol project.
 */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}

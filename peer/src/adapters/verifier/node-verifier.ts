import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { PUBLIC_KEY_BYTES, type SignedBytes } from '@p2ptv/protocol';
import { base64urlnopad } from '@scure/base';
import type { Verifier } from '../../ports/verifier.js';

/** {@link Verifier} on node:crypto: it answers at once. */
export class NodeVerifier implements Verifier {
  readonly #key: KeyObject | undefined;

  /** @param publicKey Ed25519, 32 bytes; with any other length no signature is valid */
  constructor(publicKey: Uint8Array) {
    if (publicKey.length !== PUBLIC_KEY_BYTES) return;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64urlnopad.encode(publicKey) };
    this.#key = createPublicKey({ key: jwk, format: 'jwk' });
  }

  checkSignature({ message, signature }: SignedBytes, done: (isValid: boolean) => void): void {
    done(this.#key !== undefined && verify(null, message, this.#key, signature));
  }

  digest(bytes: Uint8Array, done: (digest: Uint8Array) => void): void {
    done(createHash('sha256').update(bytes).digest());
  }
}

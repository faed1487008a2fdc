import type { SignedBytes } from '@p2ptv/protocol';

/** Checks signatures and digests, natively where the platform can. Callbacks may come at once or later. */
export interface Verifier {
  /** Checks an Ed25519 signature against the publisher's key. */
  checkSignature(signed: SignedBytes, done: (isValid: boolean) => void): void;
  /** SHA-256 of bytes that are left alone until `done`. */
  digest(bytes: Uint8Array, done: (digest: Uint8Array) => void): void;
}

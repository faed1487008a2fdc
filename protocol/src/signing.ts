import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** Bytes of an Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;
/** Bytes of an Ed25519 signature (RFC 8032). */
export const SIGNATURE_BYTES = 64;
/** Bytes of a SHA-256 digest. */
export const DIGEST_BYTES = 32;

/** An Ed25519 key pair: 32 bytes each. The secret signs headers, records or tickets. */
export type KeyPair = { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array };

/** Derives the pair of a 32-byte secret. */
export function keyPairFromSecret(secretKey: Uint8Array): KeyPair {
  return { secretKey, publicKey: ed25519.getPublicKey(secretKey) };
}

/** Signs synchronously in pure JavaScript (about 1 ms); servers sign with their native library instead. */
export function sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  return ed25519.sign(message, secretKey);
}

/** Checks an Ed25519 signature; false also for malformed keys and signatures. */
export function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** SHA-256 in pure JavaScript: the fallback where WebCrypto does not exist, and for small inputs. */
export function digest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** Compares two byte strings of any length. */
export function isEqualBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { join } from 'node:path';

import { deriveStreamId, PUBLIC_KEY_BYTES, type Signer, type StreamId } from '@p2ptv/protocol';

import { PackageError } from './errors.js';
import { loadOrCreateSecret } from './secret-file.js';

/** Bytes of an Ed25519 secret (seed). */
const SEED_BYTES = 32;
/** What precedes a seed in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Whoever holds the publisher's key: it signs, natively (about 50 µs), all that viewers believe. */
export class Publisher {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  /** @param seed 32 bytes */
  constructor(seed: Uint8Array) {
    const der = Buffer.concat([PKCS8_PREFIX, seed]);
    this.#privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.#publicKey = createPublicKey(this.#privateKey);
    const exported = this.#publicKey.export({ format: 'der', type: 'spki' });
    this.publicKey = new Uint8Array(exported.subarray(exported.length - PUBLIC_KEY_BYTES));
  }

  /** Signs a message; bound, so that it can be handed on as a {@link Signer}. */
  readonly signer: Signer = (message) => new Uint8Array(sign(null, message, this.#privateKey));

  /** Whether this publisher signed the message. */
  isSigned(message: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, message, this.#publicKey, signature);
  }

  /** The id of the stream that this publisher publishes under a slug. */
  streamId(slug: string): StreamId {
    return deriveStreamId(this.publicKey, slug);
  }
}

/**
 * Loads `<dataFolder>/publisher.key`, or makes it at the first start.
 *
 * @throws PackageError `BAD_KEY`
 */
export function loadPublisher(dataFolder: string): Publisher {
  const path = join(dataFolder, 'publisher.key');
  const seed = loadOrCreateSecret(path, () => randomBytes(SEED_BYTES));
  if (seed.length !== SEED_BYTES) {
    throw new PackageError(
      'BAD_KEY',
      `${path} must hold ${SEED_BYTES} bytes, not ${seed.length}: restore it from a backup, or remove it to publish under a new stream id.`,
    );
  }
  return new Publisher(seed);
}

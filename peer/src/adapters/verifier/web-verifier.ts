import { digest, verify, type SignedBytes } from '@p2ptv/protocol';
import type { Verifier } from '../../ports/verifier.js';

/**
 * {@link Verifier} on WebCrypto. Where a page has none (plain http on a LAN address) or its engine
 * knows no Ed25519, it checks with @noble instead; it never skips a check.
 */
export class WebVerifier implements Verifier {
  readonly #publicKey: Uint8Array;
  readonly #subtle: SubtleCrypto | undefined;
  /** Resolves to undefined where the platform cannot check this key. */
  readonly #nativeKey: Promise<CryptoKey | undefined>;

  /**
   * @param publicKey Ed25519, 32 bytes; with any other length no signature is valid
   * @param subtle default: the platform's, if it has any
   */
  constructor(publicKey: Uint8Array, subtle: SubtleCrypto | undefined = platformSubtle()) {
    this.#publicKey = publicKey;
    this.#subtle = subtle;
    this.#nativeKey = subtle ? importKey(subtle, publicKey) : Promise.resolve(undefined);
  }

  checkSignature(signed: SignedBytes, done: (isValid: boolean) => void): void {
    if (this.#subtle) void this.#check(this.#subtle, signed).then(done);
    else done(this.#checkInScript(signed));
  }

  digest(bytes: Uint8Array, done: (digest: Uint8Array) => void): void {
    if (!this.#subtle) {
      done(digest(bytes));
      return;
    }
    void this.#subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>).then(
      (buffer) => done(new Uint8Array(buffer)),
      () => done(digest(bytes)),
    );
  }

  async #check(subtle: SubtleCrypto, signed: SignedBytes): Promise<boolean> {
    const key = await this.#nativeKey;
    if (!key) return this.#checkInScript(signed);
    try {
      return await subtle.verify(
        'Ed25519',
        key,
        signed.signature as Uint8Array<ArrayBuffer>,
        signed.message as Uint8Array<ArrayBuffer>,
      );
    } catch {
      return this.#checkInScript(signed);
    }
  }

  #checkInScript(signed: SignedBytes): boolean {
    return verify(signed.signature, signed.message, this.#publicKey);
  }
}

function platformSubtle(): SubtleCrypto | undefined {
  // The DOM's types promise it; pages without a secure context don't have it.
  return (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
}

async function importKey(subtle: SubtleCrypto, publicKey: Uint8Array): Promise<CryptoKey | undefined> {
  try {
    return await subtle.importKey('raw', publicKey as Uint8Array<ArrayBuffer>, 'Ed25519', false, ['verify']);
  } catch {
    return undefined;
  }
}

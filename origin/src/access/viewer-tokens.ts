import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { isViewerToken } from '@p2ptv/protocol';
import { errors, jwtVerify, SignJWT } from 'jose';

import { PackageError } from '../package/errors.js';
import { loadOrCreateSecret } from '../package/secret-file.js';

/** Tokens whose signature is known to be right. Bounds memory; beyond it they are checked anew. */
const MAX_KNOWN = 10_000;
const ALGORITHM = 'HS256';
/** HMAC-SHA-256 takes a key of 256 bits or more (RFC 7518 section 3.2). */
const MIN_SECRET_CHARACTERS = 32;

/** What a token is worth for a channel. */
export type TokenVerdict = 'valid' | 'missing' | 'expired' | 'wrong';

/**
 * Makes and checks viewer tokens: JWTs (RFC 7519) signed with HMAC-SHA-256, whose `aud` names the
 * channels and whose `exp` must be there. Whoever knows the secret may make them, a site's own login too.
 */
export class ViewerTokens {
  readonly #secret: Uint8Array;
  readonly #wallMs: () => number;
  /** When they expire, by slug and token, oldest first. */
  readonly #known = new Map<string, number>();

  /** @param secret 32 bytes at least */
  constructor(secret: Uint8Array, wallMs: () => number) {
    this.#secret = secret;
    this.#wallMs = wallMs;
  }

  /**
   * With the secret in `<dataFolder>/viewer-token.key`, which is made at the first start.
   *
   * @throws PackageError `BAD_KEY`
   */
  static load(dataFolder: string, wallMs: () => number): ViewerTokens {
    const path = join(dataFolder, 'viewer-token.key');
    const secret = loadOrCreateSecret(path, () => Buffer.from(`${randomBytes(32).toString('base64url')}\n`)).toString('utf8').trim();
    if (secret.length < MIN_SECRET_CHARACTERS) {
      throw new PackageError('BAD_KEY', `${path} must hold at least ${MIN_SECRET_CHARACTERS} characters: correct it, or remove it to get a new one.`);
    }
    return new ViewerTokens(Buffer.from(secret), wallMs);
  }

  /**
   * Makes a token.
   *
   * @param viewer whom it is for, as the operator names people
   */
  issue(slug: string, { viewer, lifetimeMs }: { readonly viewer?: string | undefined; readonly lifetimeMs: number }): Promise<string> {
    const nowSeconds = Math.floor(this.#wallMs() / 1000);
    const token = new SignJWT(viewer === undefined ? {} : { sub: viewer })
      .setProtectedHeader({ alg: ALGORITHM })
      .setAudience(slug)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + Math.ceil(lifetimeMs / 1000));
    return token.sign(this.#secret);
  }

  /** Whether a token lets its holder watch a channel; true also means that it was checked before. Never reads a signature. */
  isKnown(slug: string, token: string): boolean {
    return (this.#known.get(`${slug} ${token}`) ?? 0) > this.#wallMs();
  }

  /** What a token is worth for a channel. */
  async check(slug: string, token: string | undefined): Promise<TokenVerdict> {
    if (token === undefined) return 'missing';
    if (!isViewerToken(token)) return 'wrong';
    if (this.isKnown(slug, token)) return 'valid';
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        audience: slug,
        algorithms: [ALGORITHM],
        requiredClaims: ['exp'],
        currentDate: new Date(this.#wallMs()),
      });
      this.#remember(`${slug} ${token}`, (payload.exp ?? 0) * 1000);
      return 'valid';
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'expired' : 'wrong';
    }
  }

  #remember(key: string, expiresAtMs: number): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, expiresAtMs);
  }
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a stream key may look like. */
export const STREAM_KEY = /^[\w-]{8,128}$/;

/** Makes a stream key that nobody can guess: 144 random bits. */
export function newStreamKey(): string {
  return randomBytes(18).toString('base64url');
}

/** What is kept of a stream key. Keys are random, so that one round of SHA-256 is enough. */
export function hashStreamKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Whether a key has a hash; takes the same time whatever was tried. */
export function isStreamKey(key: string, hash: string | undefined): boolean {
  if (hash === undefined) return false;
  return timingSafeEqual(Buffer.from(hashStreamKey(key), 'hex'), Buffer.from(hash, 'hex'));
}

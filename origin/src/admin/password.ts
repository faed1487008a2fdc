import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** About 60 ms and 32 MB for each try: what RFC 7914 and OWASP call interactive. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const HASH = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,})\$([\w-]{40,})$/;

/** Shorter ones are guessed. */
export const MIN_PASSWORD_CHARACTERS = 10;
/** Bounds what hashing costs. */
export const MAX_PASSWORD_CHARACTERS = 200;

/** Letters and digits that nobody takes for others. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Makes a password of four groups that can be read out: 79 random bits. */
export function newPassword(): string {
  const letters = Array.from(randomBytes(16), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
  return letters.replace(/.{4}(?=.)/g, '$&-');
}

/** Hashes a password with scrypt and a salt of its own, with what is needed to check it. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether a password is the one that a hash was made of; false for a hash that is none. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt, wanted] = HASH.exec(hash) ?? [];
  if (salt === undefined || wanted === undefined) return false;
  const key = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p), maxmem: COST.maxmem });
  const expected = Buffer.from(wanted, 'base64url');
  return expected.length === key.length && timingSafeEqual(expected, key);
}

function derive(password: string, salt: Buffer, cost: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The same letters, however a keyboard composes them.
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

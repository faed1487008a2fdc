import { MIN_UPLOAD_CAP_BITS_PER_SECOND, type UploadPolicy } from '@p2ptv/peer';

/** The caps a viewer may choose from; none below the least that a peer takes. */
export const UPLOAD_CAPS_BITS_PER_SECOND: readonly number[] = [500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000];

/** Writes a policy for storage: `on`, `off`, or the cap in bits a second. */
export function encodeUpload(policy: UploadPolicy): string {
  return policy.mode === 'capped' ? String(policy.bitsPerSecond) : policy.mode;
}

/**
 * Reads it; undefined for anything else. A cap below the least that a peer takes becomes `off`: who
 * wanted to send little must not be made to send more.
 */
export function decodeUpload(text: string | undefined): UploadPolicy | undefined {
  if (text === 'on' || text === 'off') return { mode: text };
  const bitsPerSecond = Number(text);
  if (!(bitsPerSecond > 0 && Number.isFinite(bitsPerSecond))) return undefined;
  return bitsPerSecond < MIN_UPLOAD_CAP_BITS_PER_SECOND ? { mode: 'off' } : { mode: 'capped', bitsPerSecond };
}

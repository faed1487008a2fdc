import type { UploadPolicy } from '@p2ptv/peer';

/** Writes a policy for storage: `on`, `off`, or the cap in bits a second. */
export function encodeUpload(policy: UploadPolicy): string {
  return policy.mode === 'capped' ? String(policy.bitsPerSecond) : policy.mode;
}

/** Reads it; undefined for anything else. */
export function decodeUpload(text: string | undefined): UploadPolicy | undefined {
  if (text === 'on' || text === 'off') return { mode: text };
  const bitsPerSecond = Number(text);
  return bitsPerSecond > 0 && Number.isFinite(bitsPerSecond) ? { mode: 'capped', bitsPerSecond } : undefined;
}

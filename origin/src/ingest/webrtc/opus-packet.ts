/** How long each of the 32 configurations' frames is, ms (RFC 6716 section 3.1). */
const FRAME_MS = [10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20];

/** 20 ms of silence in Opus, full band: what is put in the place of lost packets. */
export const OPUS_SILENCE = Buffer.of(0xf8, 0xff, 0xfe);
export const OPUS_SILENCE_MS = 20;

/** How long a packet of Opus sounds, ms; undefined for what is no packet. */
export function opusDurationMs(payload: Uint8Array): number | undefined {
  const [first, second = 0] = payload;
  if (first === undefined) return undefined;
  const frameMs = FRAME_MS[first >> 3] ?? 20;
  const frames = [1, 2, 2, second & 0x3f][first & 3] ?? 1;
  const durationMs = frameMs * frames;
  return durationMs > 0 && durationMs <= 120 ? durationMs : undefined;
}

/** Bytes for people: `512 kB`, `1.4 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A bit rate for people: `840 kb/s`, `1.2 Mb/s`. */
export function formatBitrate(bitsPerSecond: number): string {
  if (bitsPerSecond < 1e6) return `${Math.round(bitsPerSecond / 1e3)} kb/s`;
  return `${(bitsPerSecond / 1e6).toFixed(1)} Mb/s`;
}

/** A delay in seconds, `0.84 s`; a dash when it is not known. */
export function formatSeconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${(ms / 1000).toFixed(2)} s`;
}

/** A short time in milliseconds; a dash when it is not known. */
export function formatMs(ms: number | undefined): string {
  return ms === undefined ? '–' : `${Math.round(ms)} ms`;
}

/** A share in per cent, never below 0; a dash when it is not known. */
export function formatShare(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${Math.round(Math.max(0, ratio) * 100)} %`;
}

/** How many watch. */
export function viewerCount(viewers: number): string {
  return viewers === 1 ? '1 viewer' : `${viewers} viewers`;
}

/** How many serve without watching. */
export function seederCount(seeders: number): string {
  return seeders === 1 ? '1 seeder' : `${seeders} seeders`;
}

/** A length or a place in a recording: `4:05`, `1:02:03`. */
export function formatLength(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A day and a time as people of this browser write them. */
export function formatDate(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** From 1900, where NTP begins, to 1970. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/** A time of RTCP (RFC 3550 section 4), seconds and fractions of 2^-32 s, as ms since the Unix epoch. */
export function ntpToWallMs({ seconds, fraction }: { readonly seconds: number; readonly fraction: number }): number {
  return (seconds - NTP_TO_UNIX_SECONDS) * 1000 + (fraction / 2 ** 32) * 1000;
}

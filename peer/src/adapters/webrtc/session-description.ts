/**
 * The fingerprint of the certificate that a description promises, or undefined when it is not a
 * description of ours: exactly one section, for data, and SHA-256 fingerprints that all agree.
 * A second fingerprint would let another certificate pass than the one that the ticket names.
 */
export function fingerprintOf(sdp: string): string | undefined {
  let fingerprint: string | undefined;
  let sectionCount = 0;
  for (const line of sdp.split(/\r?\n/)) {
    if (line.startsWith('m=')) {
      sectionCount++;
      if (!line.startsWith('m=application ')) return undefined;
    }
    if (!line.startsWith('a=fingerprint:')) continue;
    const value = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$/i.exec(line)?.[1]?.toUpperCase();
    if (value === undefined || (fingerprint !== undefined && fingerprint !== value)) return undefined;
    fingerprint = value;
  }
  return sectionCount === 1 ? fingerprint : undefined;
}

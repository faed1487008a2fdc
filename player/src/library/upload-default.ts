import type { UploadPolicy } from '@p2ptv/peer';

/** What browsers tell about the connection (Network Information API; absent in Safari and Firefox). */
export type ConnectionHints = { readonly saveData?: boolean; readonly type?: string };

/**
 * What a viewer shares unless he says otherwise: everything, but nothing where the browser reports
 * data saving or a cellular link, because there the viewer may pay by the byte.
 */
export function defaultUpload(hints: ConnectionHints | undefined): UploadPolicy {
  return { mode: hints?.saveData === true || hints?.type === 'cellular' ? 'off' : 'on' };
}

/** The hints of this browser. */
export function connectionHints(navigator: Navigator): ConnectionHints | undefined {
  return (navigator as Navigator & { connection?: ConnectionHints }).connection;
}

import { useEffect, useState } from 'react';
import { requestSheet } from './sheet-request.js';

/**
 * An address within the page for the sheet of pictures at a path; undefined until it is there.
 *
 * @param path undefined: none is shown, and the last one is kept
 */
export function useSheet(path: string | undefined): string | undefined {
  const [sheet, setSheet] = useState<{ readonly path: string; readonly url: string }>();
  const isWanted = path !== undefined && path !== sheet?.path;
  useEffect(() => {
    if (!isWanted) return;
    const controller = new AbortController();
    requestSheet(path, controller.signal).then(
      (blob) => {
        if (blob && !controller.signal.aborted) setSheet({ path, url: URL.createObjectURL(blob) });
      },
      () => undefined,
    );
    return () => controller.abort();
  }, [path, isWanted]);
  useEffect(() => () => {
    if (sheet) URL.revokeObjectURL(sheet.url);
  }, [sheet]);
  return path === sheet?.path ? sheet?.url : undefined;
}

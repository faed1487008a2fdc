import { useCallback, useState } from 'react';

/** Remembers a text for this browser; works without storage too (private windows), then until the page ends. */
export function useStoredSetting(key: string): readonly [string | undefined, (value: string) => void] {
  const [value, setValue] = useState(() => readSetting(key));
  const store = useCallback(
    (next: string) => {
      setValue(next);
      try {
        localStorage.setItem(key, next);
      } catch {
        // Refused or full: the setting lives as long as the page.
      }
    },
    [key],
  );
  return [value, store];
}

function readSetting(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

import { useCallback, useEffect, useRef, useState } from 'react';

/** Whoever has not moved for so long only watches, ms. */
const REST_MS = 3_000;

/** Whether somebody is at the controls. */
export type Attention = {
  readonly isAttended: boolean;
  /** Somebody has moved. */
  readonly attend: () => void;
  /** He has gone. */
  readonly rest: () => void;
};

/** Tells who watches from who is about to do something: what covers the picture is for the latter. */
export function useAttention(): Attention {
  const [isAttended, setIsAttended] = useState(true);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const rest = useCallback(() => {
    clearTimeout(timer.current);
    setIsAttended(false);
  }, []);
  const attend = useCallback(() => {
    clearTimeout(timer.current);
    setIsAttended(true);
    timer.current = setTimeout(rest, REST_MS);
  }, [rest]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { isAttended, attend, rest };
}

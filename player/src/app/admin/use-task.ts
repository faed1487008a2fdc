import { useCallback, useState } from 'react';

/** Something that a click begins and that may fail. */
export type Task = {
  readonly isBusy: boolean;
  /** What went wrong last, for people. */
  readonly problem: string | undefined;
  /** Runs it, unless something runs already; resolves with whether it went well. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
};

/** Runs one thing at a time and keeps what went wrong. */
export function useTask(): Task {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setIsBusy(true);
    setProblem(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      setIsBusy(false);
    }
  }, []);
  return { isBusy, problem, run };
}

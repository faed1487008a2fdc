import { useCallback, useEffect, useRef, useState } from 'react';
import { BroadcastError, StudioSession, type BroadcastState, type BroadcastStatus } from './studio-session.js';

/** What the studio does at the moment. */
export type BroadcastPhase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' | 'live' | 'interrupted' }
  /** The connection broke, and is tried again. */
  | { readonly kind: 'reconnecting'; readonly attempt: number }
  | { readonly kind: 'refused'; readonly message: string };

/** What is to be broadcast; without a title the stream keeps the one that it has. */
export type BroadcastWish = { readonly streamKey: string; readonly title: string | undefined; readonly media: MediaStream };

/** A broadcast and what can be done with it. */
export type Broadcast = {
  readonly phase: BroadcastPhase;
  readonly start: (request: BroadcastWish) => void;
  readonly stop: () => void;
  /** What the origin says of it; undefined when it is not on air. */
  readonly fetchStatus: () => Promise<BroadcastStatus | undefined>;
};

/** Between two attempts to come back; the origin keeps the stream alive for ten seconds. */
const RETRY_MS = 1500;
const MAX_ATTEMPTS = 20;

/** Broadcasts to a stream of this origin, and comes back by itself when the connection breaks. */
export function useBroadcast(slug: string): Broadcast {
  const [phase, setPhase] = useState<BroadcastPhase>({ kind: 'idle' });
  const current = useRef<{ session?: StudioSession; isWanted: boolean }>({ isWanted: false });

  const stop = useCallback(() => {
    const { session } = current.current;
    current.current = { isWanted: false };
    setPhase({ kind: 'idle' });
    void session?.stop();
  }, []);

  const start = useCallback(
    ({ streamKey, title, media }: BroadcastWish) => {
      const run: { session?: StudioSession; isWanted: boolean } = { isWanted: true };
      void current.current.session?.stop();
      current.current = run;
      const connect = async (attempt: number): Promise<void> => {
        if (!run.isWanted || current.current !== run) return;
        const retry = (): void => {
          if (!run.isWanted || current.current !== run) return;
          if (attempt >= MAX_ATTEMPTS) setPhase({ kind: 'refused', message: 'The connection to the origin is gone.' });
          else {
            setPhase({ kind: 'reconnecting', attempt: attempt + 1 });
            setTimeout(() => void connect(attempt + 1), RETRY_MS);
          }
        };
        const onState = (state: BroadcastState): void => {
          if (current.current !== run) return;
          if (state === 'ended') {
            void run.session?.stop();
            retry();
          } else if (state !== 'connecting' || attempt === 0) setPhase({ kind: state });
        };
        try {
          run.session = await StudioSession.start({ slug, streamKey, title, tracks: media.getTracks(), onState });
          // Stopped in the meantime.
          if (current.current !== run) await run.session.stop();
        } catch (error) {
          if (attempt > 0) retry();
          else if (current.current === run) setPhase({ kind: 'refused', message: error instanceof BroadcastError ? error.message : 'The browser could not connect.' });
        }
      };
      void connect(0);
    },
    [slug],
  );

  // A page that is left says goodbye, so that viewers need not wait for it.
  useEffect(() => {
    const leave = (): void => void current.current.session?.stop();
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      leave();
    };
  }, []);

  const fetchStatus = useCallback(() => current.current.session?.status() ?? Promise.resolve(undefined), []);

  return { phase, start, stop, fetchStatus };
}

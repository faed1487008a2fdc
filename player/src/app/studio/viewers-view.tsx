import { useEffect, useRef, useState, type ReactElement } from 'react';
import { formatSeconds } from '../format.js';
import { fetchStream } from '../streams-api.js';
import type { WatchSession } from '../watch-session.js';
import type { BroadcastStatus } from './studio-session.js';

const LOOK_MS = 1000;

/** What a viewer sees of the broadcast, and how old it is: this page watches like anybody else, and serves nobody. */
export function ViewersView({ slug, fetchStatus }: { readonly slug: string; readonly fetchStatus: () => Promise<BroadcastStatus | undefined> }): ReactElement {
  const videoRef = useRef<HTMLVideoElement>(null);
  const [delayMs, setDelayMs] = useState<number>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let session: WatchSession | undefined;
    const begin = async (): Promise<void> => {
      // Only who wants to see it loads the player.
      const [{ startWatching }, { link }] = await Promise.all([import('../watch-session.js'), fetchStream(slug, { viewerToken: undefined, unlike: 'offline' }, signal)]);
      if (signal.aborted || !videoRef.current) return;
      // The line is needed for the broadcast.
      session = startWatching(videoRef.current, { link, upload: { mode: 'off' }, fatal: setProblem });
      videoRef.current.play().catch(() => undefined);
    };
    const look = async (): Promise<void> => {
      const playoutMs = session?.attachment?.stats().playoutDelayMs;
      const status = await fetchStatus();
      const beforeMs = status?.media?.dateLessCaptureMs;
      if (!signal.aborted) setDelayMs(playoutMs === undefined || beforeMs === undefined ? undefined : playoutMs + beforeMs);
    };
    begin().catch((error: unknown) => {
      if (!signal.aborted) setProblem(error instanceof Error ? error.message : 'The player could not be loaded.');
    });
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => {
      controller.abort();
      clearInterval(timer);
      session?.stop();
    };
  }, [slug, fetchStatus]);
  return (
    <section className="studio-viewers" aria-label="What viewers see">
      <video ref={videoRef} muted playsInline />
      <div>
        <h2>What viewers see</h2>
        <p className="studio-delay" role="timer">
          <strong>{formatSeconds(delayMs)}</strong> <span className="muted">behind your camera</span>
        </p>
        {problem !== undefined && <p className="problem">{problem}</p>}
      </div>
    </section>
  );
}

import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { StreamListing } from '@p2ptv/protocol';
import type { CacheSize, UploadPolicy } from '@p2ptv/peer';
import type { P2ptvStats, QualityWish } from '../library/index.js';
import { RateMeter } from './rate-meter.js';
import type { WatchSession } from './watch-session.js';

/** Where a watch page is. */
export type WatchPhase =
  /** Waiting for the click on play. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'playing' }
  | { readonly kind: 'failed'; readonly message: string };

/** What a page does with a stream. */
export type Watch = {
  readonly phase: WatchPhase;
  /** With the wall clock at which they were taken, ms. */
  readonly stats: (P2ptvStats & { readonly sampledAtMs: number }) | undefined;
  /** What the origin sends this viewer, by HTTP and by its seeder; smoothed. */
  readonly originBitsPerSecond: number;
  /** True where the browser plays HLS itself, without peers. */
  readonly isNative: boolean;
  readonly start: () => void;
  readonly goLive: () => void;
  /** Goes to a program date-time, ms. */
  readonly seek: (dateMs: number) => void;
  readonly setQuality: (choice: QualityWish) => void;
  readonly setUpload: (policy: UploadPolicy) => void;
  /** What the viewer's disk keeps; undefined: nothing is kept there. */
  readonly cacheSize: CacheSize | undefined;
  /** Resolves when the disk keeps nothing more. */
  readonly clearCache: () => Promise<void>;
};

const STATS_INTERVAL_MS = 500;

/** The player's code is fetched with the page; the stream is not touched before `start`. */
const watchSessionModule = import('./watch-session.js');
// A failure is said when playback is wanted; until then nobody else may be listening.
watchSessionModule.catch(() => undefined);

/**
 * Plays a link in a video element.
 *
 * @param options `link`: undefined until it is known; playback asked for before then begins with it. `stream`: the newest that is known of what is live
 */
export function useWatch(
  videoRef: RefObject<HTMLVideoElement | null>,
  options: { link: string | undefined; isAutoplay: boolean; upload: UploadPolicy; stream: StreamListing | undefined },
): Watch {
  const { link, isAutoplay } = options;
  const [isWanted, setIsWanted] = useState(isAutoplay);
  const [phase, setPhase] = useState<WatchPhase>({ kind: isAutoplay ? 'starting' : 'idle' });
  const [stats, setStats] = useState<Watch['stats']>();
  const [originBitsPerSecond, setOriginRate] = useState(0);
  const [isNative, setIsNative] = useState(false);
  const sessionRef = useRef<WatchSession>(undefined);
  const uploadRef = useRef(options.upload);

  useEffect(() => {
    const element = videoRef.current;
    if (!isWanted || link === undefined || !element) return undefined;
    let isOver = false;
    let timer: ReturnType<typeof setInterval> | undefined;
    const playing = (): void => setPhase({ kind: 'playing' });
    const fail = (message: string): void => setPhase({ kind: 'failed', message });
    element.addEventListener('playing', playing, { once: true });
    void watchSessionModule.then(
      ({ startWatching, CannotPlayError }) => {
        if (isOver) return;
        try {
          const started = startWatching(element, { link, upload: uploadRef.current, fatal: fail });
          sessionRef.current = started;
          setIsNative(started.attachment === undefined);
          const originRate = new RateMeter();
          const refresh = (): void => {
            const snapshot = started.attachment?.stats();
            setStats(snapshot && { ...snapshot, sampledAtMs: Date.now() });
            if (!snapshot) return;
            const { fromOrigin, fromSeeder } = snapshot.bytes;
            setOriginRate(originRate.read(fromOrigin + fromSeeder, performance.now()));
          };
          refresh();
          started.attachment?.on('firstFramePainted', refresh);
          timer = setInterval(refresh, STATS_INTERVAL_MS);
          // Refused only where even muted playback needs a gesture: then the play button is there.
          element.play().catch(() => undefined);
        } catch (error) {
          fail(error instanceof CannotPlayError ? error.message : 'This link names no stream.');
        }
      },
      () => fail('The player could not be loaded. Reload the page to try again.'),
    );
    return () => {
      isOver = true;
      clearInterval(timer);
      element.removeEventListener('playing', playing);
      sessionRef.current?.stop();
      sessionRef.current = undefined;
    };
  }, [videoRef, link, isWanted]);

  // Mostly the same as before, which changes nothing.
  useEffect(() => sessionRef.current?.showCaptions(options.stream?.captions));

  const start = useCallback(() => {
    setIsWanted(true);
    setPhase((current) => (current.kind === 'idle' ? { kind: 'starting' } : current));
  }, []);
  const goLive = useCallback(() => {
    const { attachment } = sessionRef.current ?? {};
    if (attachment) attachment.goLive();
    else if (videoRef.current) videoRef.current.currentTime = videoRef.current.seekable.end(0);
    // Refused: the play button is there.
    videoRef.current?.play().catch(() => undefined);
  }, [videoRef]);
  const setUpload = useCallback((policy: UploadPolicy) => {
    uploadRef.current = policy;
    const { attachment } = sessionRef.current ?? {};
    attachment?.setUpload(policy);
    if (attachment) setStats({ ...attachment.stats(), sampledAtMs: Date.now() });
  }, []);
  const seek = useCallback((dateMs: number) => sessionRef.current?.attachment?.seek(dateMs), []);
  const setQuality = useCallback((choice: QualityWish) => {
    const { attachment } = sessionRef.current ?? {};
    attachment?.setQuality(choice);
    if (attachment) setStats({ ...attachment.stats(), sampledAtMs: Date.now() });
  }, []);
  const clearCache = useCallback(async () => {
    const { attachment } = sessionRef.current ?? {};
    await attachment?.cache?.clear();
    if (attachment) setStats({ ...attachment.stats(), sampledAtMs: Date.now() });
  }, []);
  const cacheSize = stats?.session?.cache;
  return { phase, stats, cacheSize, clearCache, originBitsPerSecond, isNative, start, goLive, seek, setQuality, setUpload };
}

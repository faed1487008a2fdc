import { useCallback, useEffect, useRef, useState, type PointerEvent, type ReactElement, type ReactNode, type RefObject } from 'react';
import { actionOf, type KeyPress, type PlayerAction } from '../player-keys.js';
import { useAttention } from '../use-attention.js';
import { useCaptionTracks } from '../use-caption-tracks.js';
import { useHighCaptions } from '../use-high-captions.js';
import { useMediaState } from '../use-media-state.js';
import type { Watch } from '../use-watch.js';
import { CaptionsMenu, CaptionTracks, type Captions } from './captions-menu.js';
import { Icon } from './icons.js';
import { KeysDialog } from './keys-dialog.js';
import { QualityMenu } from './quality-menu.js';
import { SeekBar } from './seek-bar.js';
import type { Previews } from '../preview-place.js';
import { SoundView } from './sound-view.js';
import { formatLength } from '../format.js';
import { seekTarget, type SeekTimeline } from '../seek-timeline.js';

/** A wish that the browser refuses changes nothing, and the controls show what is. */
const staysAsItIs = (): void => undefined;

/** Safari on iPhones shows only videos in full screen, by a call of its own. */
type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

type PlayerViewProps = {
  readonly videoRef: RefObject<HTMLVideoElement | null>;
  readonly watch: Watch;
  /** Why there is no picture, for people. */
  readonly problem: ReactNode;
  /** Where one can seek; undefined: nowhere, or it is not known yet. */
  readonly timeline: SeekTimeline | undefined;
  /** Pictures for the seek bar. */
  readonly previews?: Previews | undefined;
  readonly captions?: Captions | undefined;
  /** A still picture for as long as nothing is loaded. */
  readonly posterPath?: string | undefined;
};

const NO_CAPTIONS: Captions = [];

/** The picture and its controls, by pointer and by keyboard. */
export function PlayerView({ videoRef, watch, problem, timeline, previews, captions = NO_CAPTIONS, posterPath }: PlayerViewProps): ReactElement {
  const frameRef = useRef<HTMLDivElement>(null);
  const media = useMediaState(videoRef);
  const isFullscreen = useIsFullscreen();
  const [isShowingKeys, setIsShowingKeys] = useState(false);
  const tracks = useCaptionTracks(videoRef);
  const areCaptionsHigh = useHighCaptions(tracks);
  const [caption, setCaption] = useState<string>();
  const { phase, start, goLive, seek } = watch;
  const { isAttended, attend, rest } = useAttention();
  const lastPointer = useRef<string>(undefined);
  const firstCaptions = tracks[0]?.label;
  const isPlaying = phase.kind === 'playing';
  useEffect(() => {
    if (isPlaying) attend();
  }, [isPlaying, attend]);

  const seekTo = useCallback(
    (dateMs: number) => {
      if (!timeline) return;
      const target = seekTarget(timeline, dateMs);
      if (target === 'live') goLive();
      else seek(target);
    },
    [timeline, goLive, seek],
  );

  const act = useCallback(
    (action: PlayerAction) => {
      const element = videoRef.current;
      if (!element) return;
      attend();
      switch (action.kind) {
        case 'togglePlay':
          if (phase.kind === 'idle') start();
          else if (element.paused) element.play().catch(staysAsItIs);
          else element.pause();
          break;
        case 'toggleMute':
          element.muted = !element.muted;
          if (!element.muted && element.volume === 0) element.volume = 0.5;
          break;
        case 'toggleFullscreen':
          toggleFullscreen(frameRef.current, element);
          break;
        case 'toggleCaptions':
          setCaption((shown) => (shown === undefined ? firstCaptions : undefined));
          break;
        case 'goLive':
          goLive();
          break;
        case 'changeVolume':
          element.volume = Math.min(1, Math.max(0, element.volume + action.by));
          element.muted = element.volume === 0;
          break;
        case 'seek':
          if (timeline) seekTo(timeline.positionMs + action.bySeconds * 1000);
          else seekBuffered(element, action.bySeconds);
          break;
        case 'seekTo':
          if (timeline) seekTo(timeline.fromMs + action.ratio * (timeline.toMs - timeline.fromMs));
          break;
        case 'togglePictureInPicture':
          togglePictureInPicture(element);
          break;
        case 'showKeys':
          setIsShowingKeys(true);
          break;
      }
    },
    [videoRef, phase.kind, start, goLive, timeline, seekTo, firstCaptions, attend],
  );
  useKeys(act);

  const message = phase.kind === 'failed' ? phase.message : problem;
  const isBusy = message === undefined && (phase.kind === 'starting' || (phase.kind === 'playing' && media.isWaiting));
  const isAtLive = watch.stats?.isFollowingLive ?? true;
  // Where there is no seek bar it is live, as far as is known.
  const isLive = timeline?.isLive ?? watch.stats?.recording === undefined;
  const pointed = (event: PointerEvent): void => {
    lastPointer.current = event.pointerType;
    // A finger on the picture counts when it is lifted.
    if (event.pointerType !== 'touch' || event.target !== videoRef.current) attend();
  };
  /** A finger calls the controls and sends them away; only what it then touches does something. */
  const clicked = (): void => {
    if (lastPointer.current !== 'touch' || !isPlaying || media.isPaused) act({ kind: 'togglePlay' });
    else if (isAttended) rest();
    else attend();
  };
  return (
    <div
      className="player"
      ref={frameRef}
      data-phase={phase.kind}
      data-paused={media.isPaused}
      data-attended={isAttended}
      data-captions={areCaptionsHigh ? 'high' : 'low'}
      onPointerMove={pointed}
      onPointerLeave={(event) => {
        if (event.pointerType === 'mouse') rest();
      }}
      onPointerDown={pointed}
      onFocus={attend}
    >
      <video ref={videoRef} muted playsInline poster={phase.kind === 'idle' ? posterPath : undefined} onClick={clicked}>
        <CaptionTracks captions={captions} />
      </video>
      {isPlaying && media.isSoundAlone && <SoundView />}
      {isBusy && <div className="spinner" role="status" aria-label="Loading" />}
      {message !== undefined && <div className="player-message">{message}</div>}
      {message === undefined && (phase.kind === 'idle' || (isPlaying && media.isPaused)) && (
        <button type="button" className="big-play" aria-label="Play" onClick={() => act({ kind: 'togglePlay' })}>
          <Icon name="play" />
        </button>
      )}
      {isPlaying && media.isMuted && !media.isPaused && (
        <button type="button" className="unmute" onClick={() => act({ kind: 'toggleMute' })}>
          <Icon name="muted" /> Unmute
        </button>
      )}
      {message === undefined && (
        <div className="controls" role="group" aria-label="Player controls">
          {timeline && isPlaying && <SeekBar timeline={timeline} previews={previews} onSeek={seekTo} />}
          <button
            type="button"
            className="control"
            aria-label={media.isPaused ? 'Play' : 'Pause'}
            title={media.isPaused ? 'Play (k)' : 'Pause (k)'}
            onClick={() => act({ kind: 'togglePlay' })}
          >
            <Icon name={media.isPaused ? 'play' : 'pause'} />
          </button>
          <button
            type="button"
            className="control"
            aria-label={media.isMuted ? 'Unmute' : 'Mute'}
            title={media.isMuted ? 'Unmute (m)' : 'Mute (m)'}
            onClick={() => act({ kind: 'toggleMute' })}
          >
            <Icon name={media.isMuted ? 'muted' : 'volume'} />
          </button>
          <input
            className="volume"
            type="range"
            min="0"
            max="1"
            step="0.05"
            aria-label="Volume"
            value={media.isMuted ? 0 : media.volume}
            onChange={(event) => {
              const volume = Number(event.target.value);
              if (videoRef.current) Object.assign(videoRef.current, { volume, muted: volume === 0 });
            }}
          />
          {isLive ? (
            <button
              type="button"
              className={`go-live ${isAtLive && isPlaying ? 'is-live' : ''}`}
              aria-label={isAtLive ? 'You are watching live' : 'Back to live'}
              title="Back to live (l)"
              disabled={!isPlaying}
              onClick={() => act({ kind: 'goLive' })}
            >
              <span className="live-dot" aria-hidden="true" />
              {isAtLive ? 'Live' : 'Back to live'}
            </button>
          ) : (
            timeline && (
              <span className="controls-time">
                {formatLength(timeline.positionMs - timeline.fromMs)} / {formatLength(timeline.toMs - timeline.fromMs)}
              </span>
            )
          )}
          <span className="controls-space" />
          {tracks.length > 0 && <CaptionsMenu tracks={tracks} chosen={caption} onChoose={setCaption} />}
          {watch.stats?.quality && <QualityMenu quality={watch.stats.quality} onChoose={watch.setQuality} />}
          <button type="button" className="control control-keys" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => act({ kind: 'showKeys' })}>
            <Icon name="keys" />
          </button>
          {document.pictureInPictureEnabled && (
            <button
              type="button"
              className="control control-picture-in-picture"
              aria-label="Picture in picture"
              title="Picture in picture (p)"
              disabled={!isPlaying || media.isSoundAlone}
              onClick={() => act({ kind: 'togglePictureInPicture' })}
            >
              <Icon name="pictureInPicture" />
            </button>
          )}
          <button
            type="button"
            className="control"
            aria-label={isFullscreen ? 'Leave full screen' : 'Full screen'}
            title="Full screen (f)"
            onClick={() => act({ kind: 'toggleFullscreen' })}
          >
            <Icon name={isFullscreen ? 'windowed' : 'fullscreen'} />
          </button>
        </div>
      )}
      {isShowingKeys && <KeysDialog onClose={() => setIsShowingKeys(false)} />}
    </div>
  );
}

function useKeys(act: (action: PlayerAction) => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      // A window over the player has its own.
      if (document.querySelector('dialog[open]')) return;
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      const action = actionOf({ key: event.key, hasModifier, focus: focusOf(event.target) });
      if (!action) return;
      event.preventDefault();
      act(action);
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [act]);
}

function focusOf(target: EventTarget | null): KeyPress['focus'] {
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.matches('input, select, textarea')) return 'field';
  return target.matches('button, a') ? 'button' : 'page';
}

function useIsFullscreen(): boolean {
  const [isFullscreen, setIsFullscreen] = useState(false);
  useEffect(() => {
    const changed = (): void => setIsFullscreen(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);
  return isFullscreen;
}

function toggleFullscreen(frame: HTMLElement | null, video: AppleVideo): void {
  if (document.fullscreenElement) document.exitFullscreen().catch(staysAsItIs);
  else if (frame && 'requestFullscreen' in frame) frame.requestFullscreen().catch(staysAsItIs);
  else video.webkitEnterFullscreen?.();
}

function togglePictureInPicture(video: HTMLVideoElement): void {
  if (document.pictureInPictureElement) document.exitPictureInPicture().catch(staysAsItIs);
  else if (document.pictureInPictureEnabled && video.videoWidth > 0) video.requestPictureInPicture().catch(staysAsItIs);
}

/** Within what is buffered: a live window moves, and a seek out of it would only load. */
function seekBuffered(video: HTMLVideoElement, bySeconds: number): void {
  const { buffered } = video;
  if (buffered.length === 0) return;
  const end = buffered.end(buffered.length - 1);
  video.currentTime = Math.min(end - 0.1, Math.max(buffered.start(0), video.currentTime + bySeconds));
}

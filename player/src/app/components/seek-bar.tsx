import { useEffect, useRef, useState, type PointerEvent, type ReactElement } from 'react';
import { formatLength } from '../format.js';
import { previewPlace, type PreviewPlace, type Previews } from '../preview-place.js';
import type { SeekTimeline } from '../seek-timeline.js';
import { useSheet } from '../use-sheet.js';

/** A slider that is moved seeks once it has rested so long, ms: each seek asks for media. */
const REST_MS = 150;
/** What the picture does in answer shows so much later, ms; until then the wish is shown. */
const SETTLE_MS = 1_200;

type SeekBarProps = {
  readonly timeline: SeekTimeline;
  readonly previews: Previews | undefined;
  readonly onSeek: (dateMs: number) => void;
};

/** Where the picture stands in what can be watched; the time under the pointer shows above it, with its picture where there are some. */
export function SeekBar({ timeline, previews, onSeek }: SeekBarProps): ReactElement {
  const { fromMs, toMs, isLive } = timeline;
  const [wishMs, setWishMs] = useState<number>();
  const [hover, setHover] = useState<{ readonly ratio: number; readonly dateMs: number }>();
  const timers = useRef<{ rest?: ReturnType<typeof setTimeout>; settle?: ReturnType<typeof setTimeout> }>({});
  useEffect(() => {
    const { current } = timers;
    return () => {
      clearTimeout(current.rest);
      clearTimeout(current.settle);
    };
  }, []);
  const lengthMs = Math.max(1, toMs - fromMs);
  const positionMs = wishMs ?? timeline.positionMs;
  const ratio = Math.min(1, Math.max(0, (positionMs - fromMs) / lengthMs));

  const wish = (dateMs: number): void => {
    clearTimeout(timers.current.rest);
    clearTimeout(timers.current.settle);
    setWishMs(dateMs);
    timers.current.rest = setTimeout(() => onSeek(dateMs), REST_MS);
    timers.current.settle = setTimeout(() => setWishMs(undefined), REST_MS + SETTLE_MS);
  };
  const pointed = (event: PointerEvent): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = Math.min(1, Math.max(0, (event.clientX - left) / width));
    setHover({ ratio: at, dateMs: fromMs + at * lengthMs });
  };
  const textAt = (dateMs: number): string => (isLive ? `−${formatLength(toMs - dateMs)}` : formatLength(dateMs - fromMs));
  // Who seeks by keys points nowhere.
  const shown = hover ?? (wishMs === undefined ? undefined : { ratio, dateMs: wishMs });
  const place = previews && shown && previewPlace(previews, { ...shown, newestMs: toMs });
  const sheetUrl = useSheet(place?.path);
  return (
    <div className="seek" onPointerMove={pointed} onPointerLeave={() => setHover(undefined)}>
      {shown && (
        <span className="seek-preview" style={{ left: previews ? withinBar(shown.ratio, previews.width) : `${shown.ratio * 100}%` }} aria-hidden="true">
          {place && <span className="seek-picture" style={pictureStyle(previews, place, sheetUrl)} />}
          {textAt(shown.dateMs)}
        </span>
      )}
      <input
        type="range"
        aria-label="Seek"
        aria-valuetext={isLive ? `${formatLength(toMs - positionMs)} behind live` : `${formatLength(positionMs - fromMs)} of ${formatLength(lengthMs)}`}
        min={0}
        max={lengthMs}
        step={1000}
        value={ratio * lengthMs}
        style={{ '--ratio': `${ratio * 100}%` } as Record<string, string>}
        onChange={(event) => wish(fromMs + Number(event.target.value))}
      />
    </div>
  );
}

/** A picture near an end stays beside it. */
function withinBar(ratio: number, width: number): string {
  const half = `${width / 2 + 4}px`;
  return `clamp(${half}, ${ratio * 100}%, 100% - ${half})`;
}

function pictureStyle({ width, height }: Previews, { column, row }: PreviewPlace, sheetUrl: string | undefined): Record<string, string> {
  const image = sheetUrl === undefined ? 'none' : `url("${sheetUrl}")`;
  return { width: `${width}px`, height: `${height}px`, backgroundImage: image, backgroundPosition: `${-column * width}px ${-row * height}px` };
}

/** A caption as text, and when it is shown. */
export type TextCue = {
  /** Whole ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** As WebVTT writes it (section 4.2.2), of one line or more. */
  readonly text: string;
};

/** What nobody reads in time. Bounds what one caption of a stranger's input takes. */
const MAX_CHARACTERS = 1000;
/** What ends later is a mistake, and would stand there for ever. */
const MAX_DURATION_MS = 600_000;

const TIMES = /^((?:\d{1,4}:)?[0-5]\d:[0-5]\d\.\d{3})[ \t]+-->[ \t]+((?:\d{1,4}:)?[0-5]\d:[0-5]\d\.\d{3})/;
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** Reads the cues of a WebVTT text: times and words, not where they stand; what is none is passed over. */
export function readCues(webVtt: string): TextCue[] {
  return webVtt.replace(/\r\n?/g, '\n').split(/\n{2,}/).flatMap((block) => {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => TIMES.test(line));
    const [, start, end] = TIMES.exec(lines[at] ?? '') ?? [];
    const text = plainLines(lines.slice(at + 1));
    if (start === undefined || end === undefined || text === '') return [];
    const startMs = millisecondsOf(start);
    const endMs = Math.min(millisecondsOf(end), startMs + MAX_DURATION_MS);
    return endMs > startMs ? [{ startMs, endMs, text }] : [];
  });
}

/** Writes WebVTT. @param header lines below the first */
export function writeCues(cues: readonly TextCue[], header: readonly string[] = []): string {
  const blocks = cues.map(({ startMs, endMs, text }) => `${formatTime(startMs)} --> ${formatTime(endMs)}\n${text}\n`);
  return [['WEBVTT', ...header, ''].join('\n'), ...blocks].join('\n');
}

/**
 * Tells players where a time of the captions lies on the clock of the media (RFC 8216bis section 3.1.4), which has 33 bits of
 * a 90 kHz clock there.
 */
export function timestampMap(mediaMs: number, captionsMs: number): string {
  const ticks = BigInt(Math.max(0, Math.round(mediaMs * 90))) % 2n ** 33n;
  return `X-TIMESTAMP-MAP=MPEGTS:${ticks},LOCAL:${formatTime(captionsMs)}`;
}

/** No line of it ends the cue, or looks like the times of another. */
function plainLines(lines: readonly string[]): string {
  const text = lines.map((line) => line.replace(CONTROLS, '').replaceAll('-->', '--&gt;').trim()).filter((line) => line !== '').join('\n');
  return text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text;
}

function millisecondsOf(time: string): number {
  const [seconds = 0, minutes = 0, hours = 0] = time.split(':').map(Number).reverse();
  return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000);
}

function formatTime(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}.${String(whole % 1000).padStart(3, '0')}`;
}

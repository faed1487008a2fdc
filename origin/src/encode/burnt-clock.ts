/**
 * A wall clock drawn into the picture, so that a page can measure the true age of the frame it shows.
 *
 * One row of equal cells along the top edge: a white and a black marker to calibrate against, the
 * wall clock in ms modulo 2^20 (17.5 minutes) with the highest bit first, an even parity bit and its
 * inverse. A reader that catches a picture in which one cell is unclear, or whose parity is wrong,
 * gets nothing rather than a wrong time. Everything is in fractions of the picture, so it survives scaling.
 */
export type BurntClockLayout = {
  /** Cells in the row, all of the same width, from the left edge to the right one. */
  readonly cellCount: number;
  /** Height of the row as a fraction of the picture's height; the row starts at the top edge. */
  readonly heightRatio: number;
  /** Cell that is always white, and the one that is always black. */
  readonly whiteCell: number;
  readonly blackCell: number;
  /** The first of the `bitCount` cells of the clock; highest bit first, white is 1. */
  readonly firstBitCell: number;
  readonly bitCount: number;
  /** White when the number of ones among the bits is odd. */
  readonly parityCell: number;
  /** Always the inverse of the parity cell. */
  readonly inverseParityCell: number;
  /** The clock counts ms modulo this. */
  readonly periodMs: number;
};

/** The one layout in use. At 320 pixels a cell is 13 wide and 10 high: enough for x264 at its fastest. */
export const BURNT_CLOCK: BurntClockLayout = Object.freeze({
  cellCount: 24,
  heightRatio: 1 / 18,
  whiteCell: 0,
  blackCell: 1,
  firstBitCell: 2,
  bitCount: 20,
  parityCell: 22,
  inverseParityCell: 23,
  periodMs: 2 ** 20,
});

/** The markers must differ at least this much in luma (0–255), else there is no clock in this picture. */
const LEAST_CONTRAST = 80;
/** A cell must be nearer to one marker than this share of the contrast; between them it is unclear. */
const UNCLEAR_FROM_RATIO = 0.35;

/**
 * Reads the clock from one row of pixels.
 *
 * Take the row at `burntClockRow(height)` of the picture, in luma or in any one colour channel.
 *
 * @param lumaRow one sample a pixel, the whole width of the picture
 * @returns ms modulo {@link BurntClockLayout.periodMs}, or undefined when the row holds no clear clock
 */
export function readBurntClock(lumaRow: ArrayLike<number>): number | undefined {
  const sample = (cell: number): number => meanAround(lumaRow, cell);
  const white = sample(BURNT_CLOCK.whiteCell);
  const black = sample(BURNT_CLOCK.blackCell);
  const contrast = white - black;
  if (!(contrast >= LEAST_CONTRAST)) return undefined;

  const bitOf = (cell: number): 0 | 1 | undefined => {
    const level = (sample(cell) - black) / contrast;
    if (level >= 1 - UNCLEAR_FROM_RATIO) return 1;
    if (level <= UNCLEAR_FROM_RATIO) return 0;
    return undefined;
  };

  let clockMs = 0;
  let parity = 0;
  for (let index = 0; index < BURNT_CLOCK.bitCount; index++) {
    const bit = bitOf(BURNT_CLOCK.firstBitCell + index);
    if (bit === undefined) return undefined;
    clockMs = clockMs * 2 + bit;
    parity ^= bit;
  }
  if (bitOf(BURNT_CLOCK.parityCell) !== parity || bitOf(BURNT_CLOCK.inverseParityCell) !== 1 - parity) return undefined;
  return clockMs;
}

/** The row of pixels to read, counted from the top: the middle of the cells. */
export function burntClockRow(heightPixels: number): number {
  return Math.floor((heightPixels * BURNT_CLOCK.heightRatio) / 2);
}

/**
 * Age of a picture whose clock says `clockMs`, at the wall-clock time `wallMs`; both on the same machine.
 *
 * @returns ms, in [-period/2, period/2)
 */
export function burntClockAgeMs(clockMs: number, wallMs: number): number {
  const { periodMs } = BURNT_CLOCK;
  const age = (((wallMs - clockMs) % periodMs) + periodMs) % periodMs;
  return age < periodMs / 2 ? age : age - periodMs;
}

/**
 * The ffmpeg filters that draw the clock, to be put after scaling.
 *
 * `drawbox` can switch on an expression of the frame's time only, so for the time of drawing the
 * timestamp carries both: the wall clock in its low 20 bits and the true one (ms) above. Afterwards
 * the true one is restored. A double holds that for some weeks of one encoder session.
 */
export function burntClockFilters(): string[] {
  const { periodMs, bitCount, firstBitCell, whiteCell, parityCell, inverseParityCell } = BURNT_CLOCK;
  const bits = Array.from({ length: bitCount }, (_, index) => `mod(floor(ld(0)/${2 ** (bitCount - 1 - index)}),2)`);
  // Without the half, a multiple of 1/1000 s falls just below the integer it stands for.
  const load = 'st(0,floor(t*1000+0.5))';
  const parity = `mod(${bits.join('+')},2)`;
  return [
    'settb=1/1000',
    `setpts='max(PTS,0)*${periodMs}+mod(floor(RTCTIME/1000),${periodMs})'`,
    'drawbox=x=0:y=0:w=iw:h=ih*' + `${BURNT_CLOCK.heightRatio}:color=black:t=fill`,
    whiteBox(whiteCell),
    ...bits.map((bit, index) => whiteBox(firstBitCell + index, `${load}*0+${bit}`)),
    whiteBox(parityCell, `${load}*0+${parity}`),
    whiteBox(inverseParityCell, `${load}*0+1-${parity}`),
    `setpts='floor(PTS/${periodMs})'`,
  ];
}

function whiteBox(cell: number, enable?: string): string {
  const { cellCount, heightRatio } = BURNT_CLOCK;
  const box = `drawbox=x=floor(iw*${cell}/${cellCount}):y=0:w=ceil(iw/${cellCount}):h=ih*${heightRatio}:color=white:t=fill`;
  return enable === undefined ? box : `${box}:enable='${enable}'`;
}

/** Mean over the middle third of a cell: its edges are blurred by scaling and coding. */
function meanAround(lumaRow: ArrayLike<number>, cell: number): number {
  const cellWidth = lumaRow.length / BURNT_CLOCK.cellCount;
  const from = Math.floor(cellWidth * (cell + 1 / 3));
  const to = Math.max(from + 1, Math.floor(cellWidth * (cell + 2 / 3)));
  let sum = 0;
  for (let x = from; x < to; x++) sum += lumaRow[x] ?? Number.NaN;
  return sum / (to - from);
}

import { formatFrameRate, nearestStandardFrameRate, type FrameRate } from '../encode/frame-rate.js';
import type { Source, SourceFeed } from './source.js';

/** Options of a {@link TestCardSource}. */
export type TestCardOptions = {
  /** Pixels, even. Default 640x360. */
  readonly width?: number;
  readonly height?: number;
  /** Default 30. */
  readonly frameRate?: FrameRate;
  /** Whether there is a tone (440 Hz, a beep each second). Default true. */
  readonly hasAudio?: boolean;
  /** Whether it runs in real time; false encodes as fast as the machine can. Default true. */
  readonly isPaced?: boolean;
  /** Seconds after which it ends. Default: never. */
  readonly durationSeconds?: number;
};

/** A generated picture with a counter that moves, and a tone: something to see without any file. */
export class TestCardSource implements Source {
  readonly kind = 'testCard';
  readonly label = 'test card';
  readonly #options: TestCardOptions;
  #hasBeenOpened = false;

  constructor(options: TestCardOptions = {}) {
    this.#options = options;
  }

  open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    const { width = 640, height = 360, hasAudio = true, isPaced = true, durationSeconds } = this.#options;
    const frameRate = this.#options.frameRate ?? nearestStandardFrameRate(undefined);
    if (signal.aborted || (this.#hasBeenOpened && durationSeconds !== undefined)) return Promise.resolve(undefined);
    this.#hasBeenOpened = true;
    const duration = durationSeconds === undefined ? '' : `:duration=${durationSeconds}`;
    // Two inputs, not one with two outputs: each is then paced by itself, and the picture does not wait for the tone.
    const lavfi = (graph: string): string[] => [...(isPaced ? ['-re'] : []), '-f', 'lavfi', '-i', graph + duration];
    return Promise.resolve({
      media: { width, height, frameRate, hasVideo: true, hasAudio },
      inputArguments: [
        // `testsrc2` draws the running time itself, with no font: `drawtext` is missing from some builds.
        ...lavfi(`testsrc2=size=${width}x${height}:rate=${formatFrameRate(frameRate)}`),
        ...(hasAudio ? lavfi('sine=frequency=440:beep_factor=4:sample_rate=48000') : []),
      ],
      videoMap: '0:v:0',
      audioMap: hasAudio ? '1:a:0' : undefined,
      stdin: undefined,
      isPaced,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

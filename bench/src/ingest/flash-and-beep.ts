import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Page } from 'playwright-core';

import type { PublishingBrowser } from './ways/page-publisher.js';

/** From one flash to the next, ms, on average: longer than what sound and picture could be apart. */
export const FLASH_EVERY_MS = 2000;
/** What pages' flashes are late by in turn: by its rhythm it is known which flash is which, however long it took to be published. */
const UNEVEN_MS = [0, 300, 100, 450, 200, 50, 400];
/** When the rhythm begins anew, ms. */
export const RHYTHM_MS = FLASH_EVERY_MS * UNEVEN_MS.length;
/** Three frames, and five packets of sound. */
const FLASH_MS = 100;
const FRAME = { width: 640, height: 360 } as const;
const FRAME_RATE = 30;
const TONE_HZ = 1000;
/** A film is played again and again: long enough that its end is rarely met. */
const FILM_SECONDS = 120;

/** A film that turns white every two seconds, with a tone as long as it is white. @returns its path */
export async function makeFlashFilm(ffmpegPath: string, folder: string): Promise<string> {
  const path = join(folder, 'flash-and-beep.mkv');
  // Of a rounded time: frames are not at exact decimals.
  const isOn = `lt(mod(t+0.001\\,${FLASH_EVERY_MS / 1000})\\,${FLASH_MS / 1000})`;
  const picture = `color=c=black:s=${FRAME.width}x${FRAME.height}:r=${FRAME_RATE},drawbox=c=white:t=fill:enable='${isOn}'`;
  const sound = `aevalsrc=0.5*sin(2*PI*${TONE_HZ}*t)*${isOn}:s=48000`;
  const inputs = [picture, sound].flatMap((graph) => ['-f', 'lavfi', '-t', String(FILM_SECONDS), '-i', graph]);
  await promisify(execFile)(ffmpegPath, ['-nostdin', '-loglevel', 'error', ...inputs, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', String(FRAME_RATE), '-c:a', 'pcm_s16le', path]);
  return path;
}

/** The same browser, whose pages see white and hear a tone every two seconds or so when they open camera and microphone. */
export function withFlashAndBeep(browser: PublishingBrowser): PublishingBrowser {
  return {
    newContext: async (options) => {
      const context = await browser.newContext(options);
      await context.addInitScript(replaceCamera, { ...FRAME, frameRate: FRAME_RATE, everyMs: FLASH_EVERY_MS, unevenMs: UNEVEN_MS, lengthMs: FLASH_MS, toneHz: TONE_HZ });
      return context;
    },
  };
}

/** When a page's camera turned white, ms since the Unix epoch; what was asked for before is left out. */
export function takeFlashTimes(page: Page): Promise<number[]> {
  return page.evaluate(() => (globalThis as FlashScope).flashTimesMs?.splice(0) ?? []);
}

type FlashScope = typeof globalThis & { flashTimesMs?: number[] };

type CameraPlan = { readonly width: number; readonly height: number; readonly frameRate: number; readonly everyMs: number; readonly unevenMs: readonly number[]; readonly lengthMs: number; readonly toneHz: number };

/** Runs in the page, before anything of it. */
function replaceCamera(plan: CameraPlan): void {
  const scope = globalThis as FlashScope;
  const media = navigator.mediaDevices as MediaDevices | undefined;
  // There is none in a page that is no secure context.
  if (!media) return;
  scope.flashTimesMs = [];
  let opened = 0;
  media.getUserMedia = () => {
    const number = ++opened;
    const context = new AudioContext();
    const sound = context.createMediaStreamDestination();
    const gain = new GainNode(context, { gain: 0 });
    const tone = new OscillatorNode(context, { frequency: plan.toneHz });
    tone.connect(gain).connect(sound);
    tone.start();
    const canvas = document.createElement('canvas');
    canvas.width = plan.width;
    canvas.height = plan.height;
    const picture = canvas.getContext('2d');
    const camera = canvas.captureStream(plan.frameRate);
    let isLit = false;
    const timer = setInterval(() => {
      // A page may open its camera more than once: the last one counts.
      if (number !== opened || !picture) {
        clearInterval(timer);
        return;
      }
      const wasLit = isLit;
      const nowMs = Date.now();
      const sinceMs = (nowMs % plan.everyMs) - (plan.unevenMs[Math.floor(nowMs / plan.everyMs) % plan.unevenMs.length] ?? 0);
      isLit = sinceMs >= 0 && sinceMs < plan.lengthMs;
      picture.fillStyle = isLit ? '#fff' : '#000';
      picture.fillRect(0, 0, plan.width, plan.height);
      if (isLit === wasLit) return;
      // From the next block of 128 samples on that is made.
      gain.gain.setValueAtTime(isLit ? 0.5 : 0, context.currentTime);
      if (isLit) scope.flashTimesMs?.push(Date.now());
    }, 1000 / plan.frameRate);
    return Promise.resolve(new MediaStream([...camera.getVideoTracks(), ...sound.stream.getAudioTracks()]));
  };
}

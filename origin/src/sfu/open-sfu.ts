import type { SfuPort } from './sfu-port.js';

/** What can stand behind {@link SfuPort}: `werift` runs in this process, `mediasoup` has a worker of its own that is installed apart. */
export const SFU_KINDS = ['werift', 'mediasoup'] as const;
export type SfuKind = (typeof SFU_KINDS)[number];

/**
 * Opens what takes media over WebRTC. Loaded late: either takes as long as all else together.
 *
 * @throws IngestError `NO_MEDIASOUP`
 */
export async function openSfu(kind: SfuKind, options: { readonly nowMs: () => number }): Promise<SfuPort> {
  switch (kind) {
    case 'werift': {
      const { WeriftSfu } = await import('./werift-sfu.js');
      return new WeriftSfu(options);
    }
    case 'mediasoup': {
      const { MediasoupSfu } = await import('./mediasoup/mediasoup-sfu.js');
      return MediasoupSfu.open(options);
    }
  }
}

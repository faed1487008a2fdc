import type { default as Hls } from 'hls.js';

/** Remembers the first error of an hls.js instance that it does not get over by itself. */
export function watchFatalErrors(hls: Hls): () => string | undefined {
  let first: string | undefined;
  const { Events } = hls.constructor as typeof Hls;
  hls.on(Events.ERROR, (_name, { fatal, details, error }) => {
    if (fatal) first ??= `hls.js gave up: ${details} (${error.message})`;
  });
  return () => first;
}

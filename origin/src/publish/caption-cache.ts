import type { ServedStream } from './served-stream.js';
import { renderedText, type RenderedText } from './rendered-text.js';

/** A crowd asks for the same few; bounds the memory of one who asks for all. */
const MAX_TEXTS = 64;

/** The captions of a live stream, written once for all who ask for the same. */
export class CaptionCache {
  readonly #stream: ServedStream;
  readonly #texts = new Map<string, RenderedText>();
  #version = -1;

  constructor(stream: ServedStream) {
    this.#stream = stream;
  }

  /** @param render makes what is asked for, undefined where there is none */
  get(key: string, render: () => string | undefined): RenderedText | undefined {
    const version = this.#stream.textCaptions?.version ?? 0;
    if (version !== this.#version) this.#texts.clear();
    this.#version = version;
    const known = this.#texts.get(key);
    if (known) return known;
    const text = render();
    if (text === undefined) return undefined;
    const rendered = renderedText(text);
    if (this.#texts.size < MAX_TEXTS) this.#texts.set(key, rendered);
    return rendered;
  }
}

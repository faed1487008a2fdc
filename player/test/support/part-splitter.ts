/** Cuts a fragmented MP4 stream into its init segment and its fragments, as bytes come. */
export class PartSplitter {
  #pending = Buffer.alloc(0);
  #current: Buffer[] = [];
  readonly #listener: { init(bytes: Buffer): void; part(bytes: Buffer): void };

  constructor(listener: { init(bytes: Buffer): void; part(bytes: Buffer): void }) {
    this.#listener = listener;
  }

  push(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= 8) {
      const size = this.#pending.readUInt32BE(0);
      const type = this.#pending.toString('latin1', 4, 8);
      if (this.#pending.length < size) return;
      this.#current.push(this.#pending.subarray(0, size));
      this.#pending = this.#pending.subarray(size);
      if (type === 'moov') this.#emit('init');
      else if (type === 'mdat') this.#emit('part');
    }
  }

  #emit(kind: 'init' | 'part'): void {
    this.#listener[kind](Buffer.concat(this.#current));
    this.#current = [];
  }
}

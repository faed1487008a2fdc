/** A value of AMF 0, as far as publishers use it. Dates and references come out as undefined. */
export type AmfValue = number | boolean | string | null | undefined | AmfValue[] | { [name: string]: AmfValue };

/** Nesting of objects that we follow. Bounds the stack that a hostile message can use. */
const MAX_DEPTH = 8;
const OBJECT_END = 9;

/**
 * Reads all values of a message (Adobe, Action Message Format AMF 0).
 *
 * @returns undefined when the bytes are not AMF 0
 */
export function decodeAmf0(bytes: Uint8Array): AmfValue[] | undefined {
  const reader = new Amf0Reader(bytes);
  const values: AmfValue[] = [];
  try {
    while (!reader.isAtEnd) values.push(reader.readValue(0));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return values;
}

/** Writes values one after the other; undefined is written as AMF's own `undefined`. */
export function encodeAmf0(values: readonly AmfValue[]): Uint8Array {
  return Buffer.concat(values.map(encodeValue));
}

class Amf0Reader {
  #offset = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** @throws RangeError at the end of the bytes, and for what AMF 0 does not have */
  readValue(depth: number): AmfValue {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
    const type = this.#readByte();
    switch (type) {
      case 0x00:
        return this.#take(8).readDoubleBE();
      case 0x01:
        return this.#readByte() !== 0;
      case 0x02:
        return this.#readString(this.#take(2).readUInt16BE());
      case 0x0c:
        return this.#readString(this.#take(4).readUInt32BE());
      case 0x03:
        return this.#readObject(depth);
      case 0x08:
        this.#take(4);
        return this.#readObject(depth);
      case 0x0a:
        return this.#readArray(depth);
      case 0x05:
        return null;
      case 0x06:
        return undefined;
      case 0x07:
        this.#take(2);
        return undefined;
      case 0x0b:
        this.#take(10);
        return undefined;
      default:
        throw new RangeError(`type ${type}`);
    }
  }

  #readObject(depth: number): { [name: string]: AmfValue } {
    // Without a prototype, `__proto__` is a name like any other.
    const object = Object.create(null) as { [name: string]: AmfValue };
    while (true) {
      const name = this.#readString(this.#take(2).readUInt16BE());
      if (name === '' && this.#bytes[this.#offset] === OBJECT_END) {
        this.#offset++;
        return object;
      }
      object[name] = this.readValue(depth + 1);
    }
  }

  #readArray(depth: number): AmfValue[] {
    const length = this.#take(4).readUInt32BE();
    const array: AmfValue[] = [];
    // Every value has a byte at least, so a false length ends with the bytes.
    for (let index = 0; index < length; index++) array.push(this.readValue(depth + 1));
    return array;
  }

  #readString(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #readByte(): number {
    return this.#take(1).readUInt8();
  }

  #take(length: number): Buffer {
    if (this.#offset + length > this.#bytes.length) throw new RangeError('too short');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }
}

function encodeValue(value: AmfValue): Buffer {
  if (value === null) return Buffer.of(0x05);
  if (value === undefined) return Buffer.of(0x06);
  if (typeof value === 'boolean') return Buffer.of(0x01, value ? 1 : 0);
  if (typeof value === 'string') return Buffer.concat([Buffer.of(0x02), encodeName(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (Array.isArray(value)) {
    const head = Buffer.alloc(5);
    head[0] = 0x0a;
    head.writeUInt32BE(value.length, 1);
    return Buffer.concat([head, ...value.map(encodeValue)]);
  }
  const members = Object.entries(value).flatMap(([name, member]) => [encodeName(name), encodeValue(member)]);
  return Buffer.concat([Buffer.of(0x03), ...members, Buffer.of(0, 0, OBJECT_END)]);
}

function encodeName(name: string): Buffer {
  const text = Buffer.from(name, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, text]);
}

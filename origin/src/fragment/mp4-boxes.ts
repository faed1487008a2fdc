/** The pieces of a box: bytes as they are, or numbers with their width. */
export type BoxField = Uint8Array | { readonly bits: 8 | 16 | 32 | 64; readonly value: number };

/** An unsigned or signed 8-bit field. */
export const u8 = (value: number): BoxField => ({ bits: 8, value });
/** A 16-bit field. */
export const u16 = (value: number): BoxField => ({ bits: 16, value });
/** A 32-bit field. */
export const u32 = (value: number): BoxField => ({ bits: 32, value });
/** A 64-bit field for a safe integer. */
export const u64 = (value: number): BoxField => ({ bits: 64, value });

/** Joins fields, in big-endian order. */
export function joinFields(fields: readonly BoxField[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const field of fields) length += field instanceof Uint8Array ? field.length : field.bits / 8;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const field of fields) {
    if (field instanceof Uint8Array) {
      bytes.set(field, offset);
      offset += field.length;
      continue;
    }
    if (field.bits === 8) view.setUint8(offset, field.value);
    else if (field.bits === 16) view.setUint16(offset, field.value);
    else if (field.bits === 32) view.setUint32(offset, field.value);
    else view.setBigUint64(offset, BigInt(field.value));
    offset += field.bits / 8;
  }
  return bytes;
}

/** A box (ISO/IEC 14496-12, 4.2): its length, its type, its content. */
export function box(type: string, ...content: readonly BoxField[]): Uint8Array<ArrayBuffer> {
  const body = joinFields(content);
  return joinFields([u32(body.length + 8), asciiBytes(type), body]);
}

/** A full box: a box that begins with a version and 24 flags. */
export function fullBox(
  type: string,
  { version = 0, flags = 0 }: { readonly version?: number; readonly flags?: number },
  ...content: readonly BoxField[]
): Uint8Array<ArrayBuffer> {
  return box(type, u32(version * 0x100_0000 + flags), ...content);
}

/** Four-character codes and names: one byte a character. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

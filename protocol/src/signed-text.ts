import { base64urlnopad } from '@scure/base';
import { SIGNATURE_BYTES, verify } from './signing.js';

/**
 * A JSON document with a signature, as `<payload>.<signature>` in base64url, so that the signed
 * bytes travel exactly as they were signed. The domain keeps one kind of document from passing
 * for another.
 */
export type SignedTextDomain = 'p2ptv record v1' | 'p2ptv ticket v1' | 'p2ptv publisher v1';

/** Signs with whatever signer the platform has: native on servers, {@link sign} elsewhere. */
export type Signer = (message: Uint8Array) => Uint8Array;

/** Serializes and signs a JSON value. */
export function encodeSignedText(domain: SignedTextDomain, value: unknown, signer: Signer): string {
  const payload = new TextEncoder().encode(JSON.stringify(value));
  const signature = signer(withDomain(domain, payload));
  return `${base64urlnopad.encode(payload)}.${base64urlnopad.encode(signature)}`;
}

/** Bytes and the signature over them. */
export type SignedBytes = { readonly message: Uint8Array; readonly signature: Uint8Array };

/** A signed text taken apart: worth nothing before its signature is checked. */
export type UncheckedText = SignedBytes & { readonly value: unknown };

/**
 * Takes a signed text apart, for platforms that check signatures natively.
 *
 * @returns undefined when the text is malformed
 */
export function openSignedText(domain: SignedTextDomain, text: string): UncheckedText | undefined {
  const dot = text.indexOf('.');
  if (dot < 0) return undefined;
  try {
    const payload = base64urlnopad.decode(text.slice(0, dot));
    const signature = base64urlnopad.decode(text.slice(dot + 1));
    if (signature.length !== SIGNATURE_BYTES) return undefined;
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as unknown;
    return { message: withDomain(domain, payload), signature, value };
  } catch {
    return undefined;
  }
}

/**
 * Checks the signature, in script, and parses the JSON.
 *
 * @returns undefined when the text is malformed or was not signed by that key for that domain
 */
export function decodeSignedText(domain: SignedTextDomain, text: string, publicKey: Uint8Array): unknown {
  const opened = openSignedText(domain, text);
  return opened && verify(opened.signature, opened.message, publicKey) ? opened.value : undefined;
}

function withDomain(domain: SignedTextDomain, payload: Uint8Array): Uint8Array {
  const prefix = new TextEncoder().encode(`${domain}\n`);
  const message = new Uint8Array(prefix.length + payload.length);
  message.set(prefix);
  message.set(payload, prefix.length);
  return message;
}

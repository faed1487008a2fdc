import { isEqualBytes, type Holding, type SignedChunkHeader } from '@p2ptv/protocol';
import type { LinkId } from '@p2ptv/peer/engine';
import type { BaselineContext } from './baseline-context.js';

/** Who told of a header, and what it has of the chunk. */
export type Teller = { readonly linkId: LinkId; readonly holding: Holding } | 'origin';

/** A header whose signature is being checked. */
export type HeaderCheck = { readonly signed: SignedChunkHeader; readonly tellers: Teller[] };

/** A block whose digest is being computed. */
export type BlockCheck = {
  readonly sequence: number;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly from: LinkId | 'origin';
};

/** What waits for its signature or its digest: no baseline plays or forwards what is not verified. */
export class Proofs {
  readonly #context: BaselineContext;
  readonly #headers = new Map<number, HeaderCheck>();
  readonly #blocks = new Map<number, BlockCheck>();
  #nextId = 1;

  constructor(context: BaselineContext) {
    this.#context = context;
  }

  /** Has a header's signature checked; further tellers of the same bytes join the one check. */
  checkHeader(signed: SignedChunkHeader, teller: Teller): void {
    const { sequence } = signed.header;
    for (const check of this.#headers.values()) {
      if (check.signed.header.sequence !== sequence || !isEqualBytes(check.signed.bytes, signed.bytes)) continue;
      check.tellers.push(teller);
      return;
    }
    const checkId = this.#nextId++;
    this.#headers.set(checkId, { signed, tellers: [teller] });
    this.#context.command({ kind: 'checkSignature', checkId, signed });
  }

  /** True while a header of that chunk is being checked: its blocks may already be coming. */
  isHeaderPending(sequence: number): boolean {
    for (const { signed } of this.#headers.values()) if (signed.header.sequence === sequence) return true;
    return false;
  }

  takeHeader(checkId: number): HeaderCheck | undefined {
    const check = this.#headers.get(checkId);
    this.#headers.delete(checkId);
    return check;
  }

  checkBlock(check: BlockCheck): void {
    const digestId = this.#nextId++;
    this.#blocks.set(digestId, check);
    this.#context.command({ kind: 'digestBlock', digestId, bytes: check.bytes });
  }

  /** True while that block is being checked, whoever sent it. */
  isBlockPending(sequence: number, index: number): boolean {
    for (const check of this.#blocks.values()) {
      if (check.sequence === sequence && check.index === index) return true;
    }
    return false;
  }

  takeBlock(digestId: number): BlockCheck | undefined {
    const check = this.#blocks.get(digestId);
    this.#blocks.delete(digestId);
    return check;
  }
}

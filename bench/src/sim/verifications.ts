import type { SignedChunkHeader } from '@p2ptv/protocol';
import type { EngineInput } from '@p2ptv/peer/engine';
import { SimEvent } from './event-queue.js';
import type { LadderMedia } from './ladder.js';
import { digestOf } from './media-source.js';

/** Whoever waits for the result of a check. */
type Asker = { readonly index: number; handle(input: EngineInput): void };

/** Digests and signature checks under way: they take time, and their results are looked up. */
export class Verifications {
  readonly #media: LadderMedia;
  readonly #digests: DigestCheck[] = [];
  readonly #signatures: SignatureCheck[] = [];

  constructor(media: LadderMedia) {
    this.#media = media;
  }

  /** The event of a block's digest being ready. */
  digest(asker: Asker, digestId: number, bytes: Uint8Array): SimEvent {
    const check = this.#digests.pop() ?? new DigestCheck(this.#digests);
    check.asker = asker;
    check.peerIndex = asker.index;
    check.digestId = digestId;
    check.bytes = bytes;
    return check;
  }

  /** The event of a header's signature being checked. */
  signature(asker: Asker, checkId: number, signed: SignedChunkHeader): SimEvent {
    const check = this.#signatures.pop() ?? new SignatureCheck(this.#signatures, this.#media);
    check.asker = asker;
    check.peerIndex = asker.index;
    check.checkId = checkId;
    check.signed = signed;
    return check;
  }
}

class DigestCheck extends SimEvent {
  asker: Asker | undefined;
  digestId = 0;
  bytes: Uint8Array | undefined;
  readonly #pool: DigestCheck[];

  constructor(pool: DigestCheck[]) {
    super();
    this.#pool = pool;
  }

  override run(): void {
    const { asker, digestId, bytes } = this;
    this.asker = undefined;
    this.bytes = undefined;
    this.#pool.push(this);
    if (bytes) asker?.handle({ kind: 'blockDigested', digestId, digest: digestOf(bytes) });
  }
}

class SignatureCheck extends SimEvent {
  asker: Asker | undefined;
  checkId = 0;
  signed: SignedChunkHeader | undefined;
  readonly #pool: SignatureCheck[];
  readonly #media: LadderMedia;

  constructor(pool: SignatureCheck[], media: LadderMedia) {
    super();
    this.#pool = pool;
    this.#media = media;
  }

  override run(): void {
    const { asker, checkId, signed } = this;
    this.asker = undefined;
    this.signed = undefined;
    this.#pool.push(this);
    if (signed) asker?.handle({ kind: 'signatureChecked', checkId, isValid: this.#media.isGenuine(signed) });
  }
}

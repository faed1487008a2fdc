import { encodedMessageBytes, type ByeReason, type PeerStatus, type WireMessage } from '@p2ptv/protocol';
import { ByteRate } from './byte-rate.js';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { TokenBucket } from './token-bucket.js';
import { UplinkMeter } from './uplink-meter.js';
import type { UploadPolicy } from './viewer-input.js';

/**
 * The only place from which frames go out: it keeps the viewer's cap and counts what is sent.
 * (SPEC UP9, UP10)
 */
export class OutgoingLinks {
  readonly #context: EngineContext;
  readonly #sending = new ByteRate();
  readonly #meter = new UplinkMeter();
  #policy: UploadPolicy = { mode: 'on' };
  #bucket: TokenBucket | undefined;
  #sentFrameBytes = 0;
  #sentMediaBytes = 0;
  #provenBitsPerSecond = 0;
  #provenAtMs = 0;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  get policy(): UploadPolicy {
    return this.#policy;
  }

  get isUploading(): boolean {
    return this.#policy.mode !== 'off';
  }

  /** Bytes of all frames so far, control included. */
  get sentFrameBytes(): number {
    return this.#sentFrameBytes;
  }

  /** Bytes of chunks so far. */
  get sentMediaBytes(): number {
    return this.#sentMediaBytes;
  }

  setPolicy(nowMs: number, policy: UploadPolicy): void {
    // What the buffers hold still goes out, also after uploading was switched off.
    const owedBytes = this.#bucket ? this.#bucket.debtBytes(nowMs) : this.#bufferedBytes;
    this.#policy = policy;
    if (policy.mode === 'on') this.#bucket = undefined;
    if (policy.mode !== 'capped') return;
    this.#bucket = new TokenBucket(policy.bitsPerSecond, nowMs);
    this.#bucket.spend(nowMs, owedBytes);
  }

  /** The rate that this peer has lately shown it can send, bits a second; halves in a minute without demand. */
  provenBitsPerSecond(nowMs: number): number {
    const decayed = this.#provenBitsPerSecond * 2 ** (-(nowMs - this.#provenAtMs) / 60_000);
    const current = this.#sending.bitsPerSecond(nowMs);
    if (current >= decayed) {
      this.#provenBitsPerSecond = current;
      this.#provenAtMs = nowMs;
    }
    const proven = Math.max(current, decayed);
    return this.#policy.mode === 'capped' ? Math.min(proven, this.#policy.bitsPerSecond) : proven;
  }

  /** What the uplink carries when it is busy, as far as that was seen, bits a second; 0 = never yet. */
  get capacityBitsPerSecond(): number {
    const measured = this.#meter.bitsPerSecond;
    if (this.#policy.mode !== 'capped') return measured;
    return measured > 0 ? Math.min(measured, this.#policy.bitsPerSecond) : this.#policy.bitsPerSecond;
  }

  /** The same; what is assumed until it was seen. */
  get assumedCapacityBitsPerSecond(): number {
    return this.capacityBitsPerSecond || this.#context.options.push.assumedUplinkBitsPerSecond;
  }

  /** What all send buffers hold now, and whether more waits to be sent. */
  noteBacklog(nowMs: number, state: { readonly isBusy: boolean; readonly bufferedBytes: number }): void {
    this.#meter.observe(nowMs, state);
  }

  /** The uplink as measured, else as far as it was used, bits a second; 0 = unknown. */
  uplinkBitsPerSecond(nowMs: number): number {
    return Math.max(this.capacityBitsPerSecond, this.provenBitsPerSecond(nowMs));
  }

  /** What this peer tells about itself. */
  status(nowMs: number, more: Pick<PeerStatus, 'queuedBytes' | 'isVisible' | 'renditions'>): PeerStatus {
    return {
      uplinkKbps: Math.round(this.uplinkBitsPerSecond(nowMs) / 1000),
      isUploading: this.isUploading,
      ...more,
    };
  }

  /** Sends whatever the cap says; for what a link cannot do without. */
  send(nowMs: number, linkId: LinkId, message: WireMessage): void {
    const bytes = encodedMessageBytes(message);
    this.#bucket?.spend(nowMs, bytes);
    this.#sentFrameBytes += bytes;
    if (message.kind === 'block') {
      this.#sentMediaBytes += message.bytes.length;
      this.#sending.add(nowMs, message.bytes.length);
      this.#meter.handed(bytes);
    }
    this.#context.command({ kind: 'send', linkId, message });
  }

  /** Sends if the cap leaves room. */
  trySend(nowMs: number, linkId: LinkId, message: WireMessage): boolean {
    if (this.capWaitMs(nowMs, encodedMessageBytes(message)) > 0) return false;
    this.send(nowMs, linkId, message);
    return true;
  }

  /** Milliseconds until the cap lets that many bytes go; 0 without a cap. */
  capWaitMs(nowMs: number, bytes: number): number {
    return this.#bucket?.waitMs(nowMs, bytes) ?? 0;
  }

  /** What was sent freely and is still here, when a cap is set. */
  get #bufferedBytes(): number {
    let bytes = 0;
    for (const { linkId } of this.#context.neighbours.all()) bytes += this.#context.bufferedBytes(linkId);
    return bytes;
  }

  /** Says why, and closes. */
  close(nowMs: number, linkId: LinkId, reason: ByeReason): void {
    this.send(nowMs, linkId, { kind: 'bye', reason });
    this.#context.command({ kind: 'closeLink', linkId, reason });
  }
}

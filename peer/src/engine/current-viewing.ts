import { chunkKey, type ChunkRef, type RenditionId } from '@p2ptv/protocol';
import { Announcer } from './announcer.js';
import type { CurrentTeller } from './current-teller.js';
import type { Downloads } from './downloads.js';
import type { EngineContext } from './engine-context.js';
import { HoldingsTeller } from './holdings-teller.js';
import { OnDemandWindow } from './on-demand-window.js';
import type { OutgoingLinks } from './outgoing-links.js';
import { PlayOrder } from './play-order.js';
import type { PlayoutClock } from './playout-clock.js';
import type { PushTrees } from './push-trees.js';
import { RecordingFill } from './recording-fill.js';
import type { Uploads } from './uploads.js';
import type { Viewing } from './viewing.js';

/** What the ways of viewing are made of. */
export type ViewingParts = {
  readonly clock: PlayoutClock;
  readonly links: OutgoingLinks;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  readonly trees: PushTrees;
  readonly announcer: CurrentTeller;
  /** Called when others are followed than before. */
  readonly followedChanged: (nowMs: number) => void;
};

/**
 * The one way of viewing that this peer is at: the live edge, a recording, or none, getting a whole recording to serve
 * it. It may change over; links, estimates and bans stay.
 */
export class CurrentViewing {
  readonly #context: EngineContext;
  readonly #parts: ViewingParts;
  /** Exactly one of the three is there. */
  live: PlayOrder | undefined;
  recording: OnDemandWindow | undefined;
  fill: RecordingFill | undefined;
  /** What they have in common. */
  viewing: Viewing;

  constructor(context: EngineContext, parts: ViewingParts, isOnDemand: boolean) {
    this.#context = context;
    this.#parts = parts;
    this.viewing = isOnDemand ? this.#playRecording() : this.#playLive();
  }

  /** Leaves the live edge for a recording, or for what is kept of the stream, or changes over to another rendition of it. */
  toRecording(nowMs: number, rendition: RenditionId): void {
    if (this.recording?.isFollowed(rendition) === true) return;
    this.#end(nowMs);
    this.viewing = this.#playRecording();
    this.#greetAll(nowMs);
  }

  /** Returns to the live edge. */
  toLive(nowMs: number): void {
    if (this.live) return;
    this.#end(nowMs);
    this.viewing = this.#playLive();
  }

  /** Gets a recording whole, or these renditions of it too; the disk has some of it. */
  toFill(nowMs: number, { renditions, kept }: { readonly renditions: readonly RenditionId[]; readonly kept: readonly ChunkRef[] }): void {
    for (const { rendition, sequence } of kept) this.#context.kept.add(chunkKey(rendition, sequence));
    if (!this.fill) {
      this.#end(nowMs);
      const { downloads, uploads, clock } = this.#parts;
      clock.stop();
      this.#forget();
      this.fill = new RecordingFill(this.#context, { downloads, uploads, teller: this.#tellHoldings() });
      this.viewing = this.fill;
      this.#greetAll(nowMs);
    }
    this.fill.begin(renditions);
    this.#parts.followedChanged(nowMs);
  }

  #end(nowMs: number): void {
    (this.live ?? this.recording ?? this.fill)?.end(nowMs);
    this.#parts.clock.restart();
  }

  #playLive(): PlayOrder {
    const { announcer, links, uploads, ...parts } = this.#parts;
    announcer.teller = new Announcer(this.#context, links, uploads);
    this.#forget();
    this.live = new PlayOrder(this.#context, parts);
    return this.live;
  }

  #playRecording(): OnDemandWindow {
    const { clock, downloads, followedChanged } = this.#parts;
    this.#forget();
    this.recording = new OnDemandWindow(this.#context, { clock, downloads, followedChanged, teller: this.#tellHoldings() });
    return this.recording;
  }

  #tellHoldings(): HoldingsTeller {
    const teller = new HoldingsTeller(this.#context, this.#parts.links);
    this.#parts.announcer.teller = teller;
    return teller;
  }

  #forget(): void {
    this.live = undefined;
    this.recording = undefined;
    this.fill = undefined;
  }

  /** Neighbours were told of the newest only, one by one. */
  #greetAll(nowMs: number): void {
    for (const neighbour of this.#context.neighbours.all()) this.#parts.announcer.greet(nowMs, neighbour);
  }
}

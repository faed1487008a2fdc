import { monotonicMs } from '../load/monotonic-ms.js';
import { LoadPeer } from './load-peer.js';
import type { PeerDialogue } from './systems/system.js';

/** Something done again and again. */
export type Repeated = {
  /** How often it was done. */
  readonly count: number;
  /** In how long, s. */
  readonly seconds: number;
  /** From when it was asked for, or was due, until its answer, ms; none where that is not timed. */
  readonly latenciesMs: readonly number[];
};

/** How a crowd is told to do something: as fast as it is answered, so many at a time, for so long. */
export type ClosedLoop = { readonly seconds: number; readonly atOnce: number };

/** How often it is looked whether somebody has to speak, ms. */
const LOOK_MS = 10;
/**
 * How often it is looked whether a peer has to report, ms: trackers want that a whole number of times less often, or never.
 * Much less often, or peers that are due at different times report in one go: in rounds of 2 s, 9,900/s for a second.
 */
const ROUND_MS = 200;
/** A socket may say 50 things a second; it is kept well below: a leave and a join in this time, ms. */
const REST_MS = 100;
/** How long the last answers may take, ms. */
const PATIENCE_MS = 30_000;

/** So many peers that fail one after the other are no accident. */
const MOST_FAILURES = 200;

/**
 * Thousands of peers in one process, all in one swarm. Those that are joined report as often as their
 * tracker wants.
 */
export class Crowd {
  readonly #url: string;
  readonly #newDialogue: () => PeerDialogue;
  readonly #firstAddress: number;
  #peers: LoadPeer[] = [];
  #addresses = 0;
  /** Where the next look for a peer begins, and the next report. */
  #cursor = 0;
  #reporter = 0;
  readonly #reportTimer: NodeJS.Timeout;
  #looksDue = 0;
  #lookedAtMs = monotonicMs();
  readonly #failures = new Map<string, number>();
  /** Since the last peer that joined. */
  #failuresInTurn = 0;
  #onJoined: (peer: LoadPeer) => void = () => undefined;
  #onSignalled: (peer: LoadPeer) => void = () => undefined;
  #onFailed: () => void = () => undefined;

  /** @param firstAddress of the addresses that its peers say they have; others than those of another crowd */
  constructor(url: string, newDialogue: () => PeerDialogue, firstAddress: number) {
    this.#url = url;
    this.#newDialogue = newDialogue;
    this.#firstAddress = firstAddress;
    this.#reportTimer = setInterval(() => this.#report(), LOOK_MS);
  }

  /** Peers that are joined now. */
  get size(): number {
    return this.#peers.length;
  }

  /** What went wrong so far, and how often. */
  get failures(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#failures);
  }

  /** Connects and joins new peers until there are so many; each is timed from its connection's start to the answer to its join. */
  async grow(wanted: { readonly size: number; readonly atOnce: number }): Promise<Repeated> {
    return this.#inClosedLoop(
      { atOnce: wanted.atOnce, isOver: ({ begun }) => this.#peers.length - wanted.size + begun >= 0 },
      () => this.#arrive(),
    );
  }

  /** New peers come while as many go, connections and all. */
  async replace({ seconds, atOnce }: ClosedLoop): Promise<Repeated> {
    const endMs = monotonicMs() + seconds * 1000;
    return this.#inClosedLoop({ atOnce, isOver: () => monotonicMs() >= endMs }, () => {
      const leaving = this.#peers.shift();
      // The others have moved up.
      this.#reporter = Math.max(0, this.#reporter - 1);
      leaving?.close();
      return leaving && this.#arrive();
    });
  }

  /** Peers leave and join again over their open connections; each join is timed. */
  async rejoin({ seconds, atOnce }: ClosedLoop): Promise<Repeated> {
    const endMs = monotonicMs() + seconds * 1000;
    return this.#inClosedLoop({ atOnce, isOver: () => monotonicMs() >= endMs }, () => this.#rejoinOne(monotonicMs()));
  }

  /** The same at a fixed rate, whatever the answers take: each is timed from when it was due. */
  async rejoinPaced({ perSecond, seconds }: { readonly perSecond: number; readonly seconds: number }): Promise<Repeated> {
    const startMs = monotonicMs();
    const latenciesMs: number[] = [];
    const total = Math.floor(perSecond * seconds);
    let begun = 0;
    return new Promise((resolve) => {
      const end = (): void => {
        clearInterval(timer);
        clearTimeout(limit);
        this.#onJoined = () => undefined;
        this.#onFailed = () => undefined;
        resolve({ count: latenciesMs.length, seconds: (monotonicMs() - startMs) / 1000, latenciesMs });
      };
      this.#onJoined = (peer) => {
        latenciesMs.push(monotonicMs() - peer.askedAtMs);
        if (latenciesMs.length >= total) end();
      };
      const look = (): void => {
        const due = Math.min(total, Math.floor(((monotonicMs() - startMs) / 1000) * perSecond));
        while (begun < due && this.#rejoinOne(startMs + (begun * 1000) / perSecond)) begun++;
      };
      const timer = setInterval(look, 1);
      const limit = setTimeout(end, seconds * 1000 + PATIENCE_MS);
      if (total === 0) end();
    });
  }

  /** Peers send each other signals. */
  async signal({ seconds, atOnce }: ClosedLoop): Promise<Repeated> {
    const endMs = monotonicMs() + seconds * 1000;
    const isOver = (): boolean => monotonicMs() >= endMs;
    const { count, seconds: took } = await this.#inClosedLoop({ atOnce, isOver }, () => {
      const from = this.#nextFree(REST_MS / 2);
      const to = this.#peers[Math.floor(Math.random() * this.#peers.length)];
      if (!from || !to || to === from || !to.isJoined) return undefined;
      from.spokeAtMs = monotonicMs();
      from.say(from.dialogue.signal(to.dialogue.peerId));
      return to;
    });
    return { count, seconds: took, latenciesMs: [] };
  }

  /** Hangs up on all. */
  close(): void {
    clearInterval(this.#reportTimer);
    for (const peer of this.#peers) peer.close();
    this.#peers = [];
  }

  #arrive(): LoadPeer {
    const number = this.#firstAddress + this.#addresses++;
    const peer = new LoadPeer(
      { url: this.#url, address: addressOf(number), localAddress: loopbackOf(number), dialogue: this.#newDialogue() },
      {
        joined: (joined) => this.#onJoined(joined),
        signalled: (signalled) => this.#onSignalled(signalled),
        failed: (failed, reason) => this.#failed(failed, reason),
      },
    );
    peer.askedAtMs = monotonicMs();
    return peer;
  }

  #failed(peer: LoadPeer, reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
    this.#failuresInTurn++;
    this.#peers = this.#peers.filter((other) => other !== peer);
    this.#onFailed();
  }

  #rejoinOne(askedAtMs: number): LoadPeer | undefined {
    const peer = this.#nextFree(REST_MS);
    if (!peer) return undefined;
    peer.spokeAtMs = monotonicMs();
    peer.rejoin(askedAtMs);
    return peer;
  }

  /** A joined peer that waits for nothing, and has been quiet for long enough. */
  #nextFree(restMs: number): LoadPeer | undefined {
    const nowMs = monotonicMs();
    for (let looked = 0; looked < this.#peers.length; looked++) {
      const peer = this.#peers[this.#cursor++ % this.#peers.length];
      if (peer?.isJoined === true && !peer.isBusy && nowMs - peer.spokeAtMs >= restMs) return peer;
    }
    return undefined;
  }

  /**
   * Begins one thing after the other, so many at a time, until it is over and all are answered.
   *
   * @param begin returns whom the answer will come to; undefined: nobody can do it just now
   */
  async #inClosedLoop(
    loop: { readonly atOnce: number; readonly isOver: (state: { readonly begun: number }) => boolean },
    begin: () => LoadPeer | undefined,
  ): Promise<Repeated> {
    const startMs = monotonicMs();
    const latenciesMs: number[] = [];
    let waiting = 0;
    let lastMs = startMs;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearInterval(timer);
        clearTimeout(limit);
        if (this.#failuresInTurn < MOST_FAILURES) resolve();
        else reject(new Error(`${this.#failuresInTurn} peers failed one after the other: ${[...this.#failures.keys()].join('; ')}`));
      };
      const fill = (): void => {
        while (waiting < loop.atOnce && !loop.isOver({ begun: waiting })) {
          if (!begin()) break;
          waiting++;
        }
        if (waiting === 0 && loop.isOver({ begun: 0 })) end();
      };
      const answered = (peer: LoadPeer): void => {
        lastMs = monotonicMs();
        latenciesMs.push(lastMs - peer.askedAtMs);
        waiting--;
        limit.refresh();
        fill();
      };
      this.#onJoined = (peer) => {
        this.#failuresInTurn = 0;
        if (!peer.isCounted) this.#peers.push(peer);
        peer.isCounted = true;
        answered(peer);
      };
      this.#onSignalled = answered;
      this.#onFailed = () => {
        waiting--;
        if (this.#failuresInTurn < MOST_FAILURES) fill();
        else end();
      };
      // Where all who could do it rest, the next try comes by itself.
      const timer = setInterval(fill, LOOK_MS);
      // What is never answered must not hold up the run; it is missing in the count.
      const limit = setTimeout(end, PATIENCE_MS);
      fill();
    });
    this.#onJoined = () => undefined;
    this.#onSignalled = () => undefined;
    this.#onFailed = () => undefined;
    return { count: latenciesMs.length, seconds: (lastMs - startMs) / 1000, latenciesMs };
  }

  /** Those whose time it is say that they are alive; all are looked at in turn, once a round. */
  #report(): void {
    const nowMs = monotonicMs();
    this.#looksDue = Math.min(this.#peers.length, this.#looksDue + ((nowMs - this.#lookedAtMs) / ROUND_MS) * this.#peers.length);
    this.#lookedAtMs = nowMs;
    for (; this.#looksDue >= 1; this.#looksDue--) {
      // Not by a remainder: while the crowd grows, that would jump, and leave some out until they count as dead.
      if (this.#reporter >= this.#peers.length) this.#reporter = 0;
      this.#peers[this.#reporter++]?.reportIfDue({ nowMs, withinMs: ROUND_MS / 2 });
    }
  }
}

/** One of 16 million made-up addresses: peers that come one after the other are in networks of their own. */
function addressOf(number: number): string {
  // A step that shares no divisor with the size of the space visits all of it, and neighbours in number are none in address.
  const place = (number * 40_503) % 2 ** 24;
  return `11.${place >> 16}.${(place >> 8) & 255}.${place & 255}`;
}

/**
 * One of several addresses of loopback: from each, a machine has some 28,000 ports to connect from, of which those of the
 * last minute are not free again. Only Linux takes all of 127.0.0.0/8 for itself.
 */
function loopbackOf(number: number): string | undefined {
  return process.platform === 'linux' ? `127.0.1.${1 + (number % 64)}` : undefined;
}

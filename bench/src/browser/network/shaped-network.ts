import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

import { BenchError, UsageError } from '../../errors.js';
import { runCommand } from './commands.js';
import { OWN_PREFIX, removeOrphans, removeOwn } from './network-names.js';

/** How a network is laid out. */
export type NetworkPlan = {
  /** Each has a line of its own. */
  readonly viewers: number;
  /** Each has a router of its own that translates addresses. */
  readonly hasNat: boolean;
  readonly chromiumPath: string;
};

/** What each line carries, kb/s. */
export type LineRates = { readonly uplinkKbps: number; readonly downlinkKbps: number };

/** What a line holds back before it drops, as much as a modest router at home, ms. */
const QUEUE_MS = 100;
/** What goes out at once: a few packets, and what a timer's tick is worth at a high rate. */
const LEAST_BURST_BYTES = 6_000;
const BURST_MS = 4;
/** Private addresses, /24 each, from 10.<first>.0.0 on; the machine's own are left alone. */
const FIRST_SUBNET = 201;
const LAST_SUBNET = 249;
/** The last part of the first viewer's address; the bridge has 1. */
const FIRST_ADDRESS = 2;
const MOST_VIEWERS = 250;
/** Behind each router, the same for all, as at home. */
const INSIDE = { router: '192.168.77.1', viewer: '192.168.77.2' };

/** Only who may make namespaces can shape. Checked before anything is started. */
export function refuseWithoutRoot(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return;
  throw new UsageError('Limited lines need root on Linux, for network namespaces: run this as root, or leave --shape out.');
}

/**
 * A network of the bench's own: a bridge, with the origin at its address, and for each viewer a namespace with
 * a veth pair to it, limited in both directions by a token bucket. All names begin with this process's number,
 * and nothing is ever touched but these and those of benches that have died.
 */
export class ShapedNetwork {
  /** Address of the bridge, where origin and page are reached. */
  readonly hostAddress: string;
  readonly #plan: NetworkPlan;
  readonly #subnet: string;
  readonly #folder: string;
  readonly #removeNow = (): void => this.#remove();
  #rates: LineRates | undefined;

  private constructor(plan: NetworkPlan) {
    this.#plan = plan;
    this.#subnet = freeSubnet();
    this.hostAddress = `${this.#subnet}.1`;
    this.#folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
    process.once('exit', this.#removeNow);
  }

  /**
   * Makes it; the lines are not limited yet. What benches that were killed have left of theirs goes first.
   *
   * @throws BenchError when something of it cannot be made here
   */
  static create(plan: NetworkPlan): ShapedNetwork {
    if (plan.viewers > MOST_VIEWERS) throw new BenchError(`There are addresses for ${MOST_VIEWERS} viewers, browsers that come for others included.`);
    removeOrphans();
    const network = new ShapedNetwork(plan);
    try {
      network.#build();
      return network;
    } catch (error) {
      network.remove();
      throw error;
    }
  }

  /** Limits all lines. */
  limit(rates: LineRates): void {
    const { uplinkKbps, downlinkKbps } = rates;
    this.#rates = rates;
    for (let index = 0; index < this.#plan.viewers; index++) {
      runCommand(`ip netns exec ${this.#edge(index)} tc qdisc replace dev wan root ${bucket(uplinkKbps)}`);
      runCommand(`tc qdisc replace dev ${this.#port(index)} root ${bucket(downlinkKbps)}`);
    }
  }

  /**
   * Lets a viewer's downlink carry a share of what it was limited to; what waits in its queue goes on waiting.
   *
   * @param ratio 1: all of it
   */
  changeDownlink(index: number, ratio: number): void {
    if (!this.#rates) return;
    runCommand(`tc qdisc change dev ${this.#port(index)} root ${bucket(Math.round(this.#rates.downlinkKbps * ratio))}`);
  }

  /** A program that is the browser, in a viewer's namespace. */
  chromiumAt(index: number): string {
    return join(this.#folder, this.#home(index));
  }

  /** What browsers have to be told, because on real sites the page would come over https. */
  chromiumFlags(pageUrl: string): readonly string[] {
    return [`--unsafely-treat-insecure-origin-as-secure=${new URL(pageUrl).origin}`];
  }

  /** Removes all that was made. */
  remove(): void {
    process.off('exit', this.#removeNow);
    this.#remove();
  }

  get #bridge(): string {
    return `${OWN_PREFIX}br`;
  }

  /** The namespace that a viewer's browser is in. */
  #home(index: number): string {
    return `${OWN_PREFIX}v${index}`;
  }

  /** The namespace at the viewer's end of the line. */
  #edge(index: number): string {
    return this.#plan.hasNat ? `${OWN_PREFIX}r${index}` : this.#home(index);
  }

  /** The bridge's end of a viewer's line. */
  #port(index: number): string {
    return `${OWN_PREFIX}p${index}`;
  }

  #build(): void {
    runCommand(`ip link add ${this.#bridge} type bridge`);
    runCommand(`ip address add ${this.hostAddress}/24 dev ${this.#bridge}`);
    runCommand(`ip link set ${this.#bridge} up`);
    for (let index = 0; index < this.#plan.viewers; index++) {
      this.#connect(index);
      if (this.#plan.hasNat) this.#hide(index);
      const script = `#!/bin/sh\nexec ip netns exec ${this.#home(index)} '${this.#plan.chromiumPath.replaceAll("'", `'\\''`)}' "$@"\n`;
      writeFileSync(this.chromiumAt(index), script);
      chmodSync(this.chromiumAt(index), 0o700);
    }
  }

  /** From the bridge to the viewer, or to its router. */
  #connect(index: number): void {
    const edge = this.#edge(index);
    runCommand(`ip netns add ${edge}`);
    runCommand(`ip link add ${this.#port(index)} type veth peer name wan netns ${edge}`);
    runCommand(`ip link set ${this.#port(index)} master ${this.#bridge} up`);
    runCommand(`ip -n ${edge} link set lo up`);
    runCommand(`ip -n ${edge} address add ${this.#subnet}.${FIRST_ADDRESS + index}/24 dev wan`);
    runCommand(`ip -n ${edge} link set wan up`);
    runCommand(`ip -n ${edge} route add default via ${this.hostAddress}`);
  }

  /** Puts the viewer behind its router. */
  #hide(index: number): void {
    const [router, home] = [this.#edge(index), this.#home(index)];
    runCommand(`ip netns add ${home}`);
    runCommand(`ip -n ${router} link add lan type veth peer name lan netns ${home}`);
    runCommand(`ip -n ${router} address add ${INSIDE.router}/24 dev lan`);
    runCommand(`ip -n ${router} link set lan up`);
    runCommand(`ip -n ${home} link set lo up`);
    runCommand(`ip -n ${home} address add ${INSIDE.viewer}/24 dev lan`);
    runCommand(`ip -n ${home} link set lan up`);
    runCommand(`ip -n ${home} route add default via ${INSIDE.router}`);
    runCommand(`ip netns exec ${router} tee /proc/sys/net/ipv4/ip_forward`, '1');
    try {
      runCommand(`ip netns exec ${router} nft -f -`, TRANSLATION);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new BenchError(`Routers that translate addresses cannot be had here, so leave --nat out: ${why}`, { cause: error });
    }
  }

  #remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    removeOwn();
  }
}

/**
 * Masquerading as home routers do it: what nobody inside has asked for is dropped before the connection is
 * remembered; else a peer's first packet would take the port that the way back needs.
 */
const TRANSLATION = `
table ip router {
  chain outwards { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
  chain inwards { type filter hook input priority filter; iifname "wan" ct state new drop; }
}
`;

function bucket(kbps: number): string {
  const burstBytes = Math.max(LEAST_BURST_BYTES, Math.round((kbps * BURST_MS) / 8));
  return `tbf rate ${kbps}kbit burst ${burstBytes} latency ${QUEUE_MS}ms`;
}

function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  const routes = runCommand('ip route show');
  for (let first = FIRST_SUBNET; first <= LAST_SUBNET; first++) {
    const subnet = `10.${first}.${process.pid % 250}`;
    if (!taken.some((address) => address.startsWith(`10.${first}.`)) && !routes.includes(`10.${first}.`)) return subnet;
  }
  throw new BenchError('There is no private address range left for the viewers’ lines.');
}

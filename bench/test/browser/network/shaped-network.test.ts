import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { refuseWithoutRoot, ShapedNetwork } from '../../../src/browser/network/shaped-network.js';
import { UsageError } from '../../../src/errors.js';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const hasTools = ['ip', 'tc'].every((tool) => spawnSync(tool, ['-V']).status === 0);

function output(command: string): string {
  const [program = '', ...args] = command.split(' ');
  return spawnSync(program, args, { encoding: 'utf8' }).stdout;
}

function pathOf(tool: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return [...folders, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].map((folder) => join(folder, tool)).find((file) => existsSync(file)) ?? tool;
}

describe.skipIf(isRoot)('limited lines', () => {
  it('are refused to who may not make them', () => {
    expect(refuseWithoutRoot).toThrow(UsageError);
  });
});

describe.skipIf(!isRoot || !hasTools)('a network of limited lines', () => {
  let network: ShapedNetwork | undefined;
  afterEach(() => network?.remove());
  const names = (): string => output('ip netns list') + output('ip -o link show');
  const mine = `p2b${process.pid}-`;

  it('has a namespace with a limited line for each viewer, and is gone when removed', () => {
    // The program stands in for the browser: what it says is how its namespace looks to it.
    network = ShapedNetwork.create({ viewers: 2, hasNat: false, chromiumPath: pathOf('ip') });
    network.limit({ uplinkKbps: 1_500, downlinkKbps: 20_000 });
    const subnet = network.hostAddress.replace(/\.1$/, '');
    expect(Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address))).toContain(network.hostAddress);
    const program = network.chromiumAt(1);
    expect(output(`${program} -4 -o address show wan`)).toContain(`${subnet}.3/24`);
    expect(output(`${program} route show default`)).toContain(`default via ${network.hostAddress} dev wan`);
    expect(output(`tc -n ${mine}v1 qdisc show dev wan`)).toContain('tbf');
    expect(output(`tc -n ${mine}v1 qdisc show dev wan`)).toContain('rate 1500Kbit');
    expect(output(`tc qdisc show dev ${mine}p0`)).toContain('rate 20Mbit');
    network.changeDownlink(0, 0.5);
    expect(output(`tc qdisc show dev ${mine}p0`)).toContain('rate 10Mbit');
    expect(output(`tc qdisc show dev ${mine}p1`)).toContain('rate 20Mbit');
    expect(names()).toContain(mine);
    network.remove();
    expect(names()).not.toContain(mine);
    expect(existsSync(dirname(program))).toBe(false);
  });

  it('clears away what a bench that was killed has left, and nothing else', () => {
    const dead = spawnSync('true').pid;
    // Numbers are given anew only when all have been used.
    const [orphan, alive] = [`p2b${dead}-`, `p2b${process.ppid}-`];
    for (const prefix of [orphan, alive]) {
      output(`ip netns add ${prefix}v0`);
      output(`ip link add ${prefix}br type bridge`);
    }
    try {
      expect(names()).toContain(`${orphan}v0`);
      network = ShapedNetwork.create({ viewers: 1, hasNat: false, chromiumPath: pathOf('ip') });
      expect(names()).not.toContain(orphan);
      expect(names()).toContain(`${alive}v0`);
      expect(names()).toContain(`${alive}br`);
    } finally {
      output(`ip netns delete ${alive}v0`);
      output(`ip link delete ${alive}br`);
    }
  });

  it('is gone too when it could not be made whole', () => {
    // Without nft the routers fail, when there are namespaces already.
    const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
    for (const tool of ['ip', 'tee']) symlinkSync(pathOf(tool), join(folder, tool));
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      expect(() => ShapedNetwork.create({ viewers: 1, hasNat: true, chromiumPath: pathOf('ip') })).toThrow('leave --nat out');
    } finally {
      process.env['PATH'] = path;
      rmSync(folder, { recursive: true });
    }
    expect(names()).not.toContain(mine);
  });
});

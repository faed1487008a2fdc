import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runTrackerCommand } from '../../src/entry/tracker-command.js';
import { connectTo, ended, enter, temporaryFolder } from '../server/tracker-harness.js';

function run(args: readonly string[], typed?: string) {
  let output = '';
  let errors = '';
  let stop = (): void => {};
  let started = (_url: string): void => {};
  const url = new Promise<string>((resolve) => (started = resolve));
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const exit = runTrackerCommand(args, {
    typed,
    print: (text) => {
      output += text;
      const found = /http:\/\/127[^ ]+/.exec(text);
      if (found) started(found[0]);
    },
    printError: (text) => {
      errors += text;
    },
    stopped,
  });
  return { exit, url, stop, output: () => output, errors: () => errors };
}

describe('p2ptv-tracker', () => {
  it('serves peers of any stream until it is stopped', async () => {
    const stun = ['--stun', 'stun:stun.example.org:3478'];
    const command = run(['--port', '0', '--host', '127.0.0.1', '--data', await temporaryFolder(), ...stun]);
    const url = await command.url;
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    const socket = await connectTo(url);
    const { iceServers } = await enter(socket, 1);
    expect(iceServers).toEqual([{ urls: ['stun:stun.example.org:3478'] }]);
    expect(await (await fetch(`${url}/api/swarms`)).json()).toMatchObject([{ viewers: 1 }]);
    const end = ended(socket);
    command.stop();
    expect(await command.exit).toBe(0);
    expect(await end).toBe('transport close');
    expect(command.errors()).toBe('');
  });

  it('names an address that can be opened where it listens on all', async () => {
    const command = run(['--port', '0', '--data', await temporaryFolder()]);
    await vi.waitFor(() => expect(command.output()).toContain('Tracker at'));
    const [url = ''] = /http:\/\/localhost:\d+/.exec(command.output()) ?? [];
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(command.output()).not.toContain('0.0.0.0');
    command.stop();
    expect(await command.exit).toBe(0);
  });

  it('prints its options when asked', async () => {
    const command = run(['--help']);
    expect(await command.exit).toBe(0);
    for (const option of ['--port', '--host', '--data', '--trust-proxy', '--help']) expect(command.output()).toContain(option);
    expect(command.output()).toContain('Usage: p2ptv-tracker [options]\n');
  });

  it('says in its help what was typed', async () => {
    const command = run(['--help'], 'npm run tracker --');
    expect(await command.exit).toBe(0);
    expect(command.output()).toContain('Usage: npm run tracker -- [options]\n');
  });

  it.each([
    [['--port', '70000'], 'A port is a number from 0 to 65535.'],
    [['--port'], 'argument missing'],
    [['--frob'], "unknown option '--frob'"],
    [['extra'], 'too many arguments'],
    [['--stun', 'http://x'], 'A STUN server is written stun:host:port.'],
  ])('says what is wrong with %j', async (args, message) => {
    const command = run(args);
    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain(message);
  });

  it('says in one sentence that a port is in use, and that a folder does not serve', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void blocker.close());
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const busy = run(['--port', String(port), '--host', '127.0.0.1', '--data', await temporaryFolder()]);
    expect(await busy.exit).toBe(1);
    expect(busy.errors()).toBe(`Port ${port} is in use: choose another with --port.\n`);
    const homeless = run(['--port', '0', '--host', '127.0.0.1', '--data', '/dev/null']);
    expect(await homeless.exit).toBe(1);
    expect(homeless.errors()).toMatch(/^The tracker's key .*\n$/);
  });
});

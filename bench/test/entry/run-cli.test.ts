import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../src/entry/run-cli.js';
import { BenchError } from '../../src/errors.js';
import type { Suite } from '../../src/suite.js';

describe('the command line', () => {
  let complaints: string;
  let output: string;

  beforeEach(() => {
    complaints = '';
    output = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      complaints += String(text);
      return true;
    });
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  function suite(run: Suite['run'] = () => Promise.resolve(true)): Suite {
    return { name: 'echo', summary: 'says it again', configure: (command) => command.option('--word <text>'), run };
  }

  it('runs the suite that is named, with its flags', async () => {
    let flags: unknown;
    const echo = suite((given) => {
      flags = given;
      return Promise.resolve(true);
    });
    expect(await runCli(['echo', '--word', 'hello'], [echo])).toBe(0);
    expect(flags).toEqual({ word: 'hello' });
  });

  it('names the suites when another is wanted, whatever its flags', async () => {
    expect(await runCli(['sims', '--peers', '4'], [suite()])).toBe(2);
    expect(complaints).toBe('There is no suite "sims": the suites are echo.\n');
  });

  it('names the suites when none is given', async () => {
    expect(await runCli([], [suite()])).toBe(2);
    expect(complaints).toBe('Which suite? The suites are echo.\n');
  });

  it('refuses an unknown flag in one line', async () => {
    expect(await runCli(['echo', '--world'], [suite()])).toBe(2);
    expect(complaints).toBe("Unknown option '--world'. See --help.\n");
  });

  it('shows the suites and the flags with --help', async () => {
    expect(await runCli(['--help'])).toBe(0);
    expect(output).toContain('browser');
    output = '';
    expect(await runCli(['browser', '--help'])).toBe(0);
    for (const flag of ['--viewers', '--seconds', '--part-ms', '--systems', '--json', '--stagger-ms']) expect(output).toContain(flag);
  });

  it('says in one sentence why nothing was measured', async () => {
    expect(await runCli(['echo'], [suite(() => Promise.reject(new BenchError('There is no Chromium.')))])).toBe(1);
    expect(complaints).toBe('There is no Chromium.\n');
  });

  it('ends with 1 when something was measured, but not all', async () => {
    expect(await runCli(['echo'], [suite(() => Promise.resolve(false))])).toBe(1);
    expect(complaints).toBe('');
  });

  it('tells the suite of Ctrl-C, and ends as shells expect', async () => {
    const patient = suite(
      (_flags, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          process.emit('SIGINT');
        }),
    );
    expect(await runCli(['echo'], [patient])).toBe(130);
    expect(complaints).toBe('Stopped: nothing was written.\n');
  });
});

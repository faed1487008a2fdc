import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const WORKSPACE = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(WORKSPACE, 'dist/entry/cli.js');

export type RunningCommand = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exit: Promise<number | null>;
};

/** Builds the command if its sources have changed since it was built last. */
export function buildCommand(): void {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-b', 'tsconfig.build.json'], { cwd: WORKSPACE, stdio: 'pipe' });
}

/** Starts `p2ptv` with arguments, as a process of its own. With `stdin` `pipe` the test writes to its standard input. */
export function startCommand(args: readonly string[], environment: NodeJS.ProcessEnv = {}, stdin: 'ignore' | 'pipe' = 'ignore'): RunningCommand {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...environment },
    stdio: [stdin, 'pipe', 'pipe'],
  }) as ChildProcess & { stdout: Readable; stderr: Readable };
  let output = '';
  let errors = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  return {
    child,
    output: () => output,
    errors: () => errors,
    exit: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

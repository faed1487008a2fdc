/** How the commands of this folder show what they do: a header and a duration for each step, output when it fails. */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** A step that failed for a reason that one sentence tells; anything else that is thrown is a defect of the script. */
export class StepFailed extends Error {}

/**
 * How a program is run. `isQuiet`: it is shown only when it fails; `isYielding`: it has the processor only while nobody
 * else wants it; `signal` ends it.
 *
 * @typedef {{ isQuiet?: boolean, isYielding?: boolean, signal?: AbortSignal, env?: NodeJS.ProcessEnv }} RunOptions
 */

/**
 * Runs one step of a command, with a header before and its duration after.
 *
 * @template T
 * @param {string} title
 * @param {() => T | Promise<T>} work may return a string: what is worth saying about the outcome
 * @param {{ isToldAtEnd?: boolean | undefined }} [options] told at its end: the header too, so that it stands with its duration among what others print
 * @returns {Promise<T>}
 */
export async function step(title, work, { isToldAtEnd = false } = {}) {
  const header = `\n== ${title}`;
  if (!isToldAtEnd) {
    console.log(header);
  }
  const startedAt = performance.now();
  const outcome = await work();
  if (isToldAtEnd) {
    console.log(header);
  }
  const note = typeof outcome === 'string' ? `${outcome}, ` : '';
  console.log(`   ${note}${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return outcome;
}

/**
 * Runs a program to its end. By default it is quiet.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @throws {StepFailed} when the program cannot be started, is ended by the signal, or ends with anything but 0
 */
export async function run(command, args, options = {}) {
  const { isQuiet = true, isYielding = false, signal, env } = options;
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: isQuiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    ...(signal ? { signal } : {}),
  });
  if (isYielding && child.pid !== undefined) {
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  }
  /** @type {Buffer[]} */
  const output = [];
  child.stdout?.on('data', (bytes) => output.push(bytes));
  child.stderr?.on('data', (bytes) => output.push(bytes));
  const forward = (/** @type {NodeJS.Signals} */ name) => child.kill(name);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  const ending = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, name) => resolve(name ?? code));
  });
  process.off('SIGINT', forward);
  process.off('SIGTERM', forward);
  if (signal?.aborted) {
    throw new StepFailed(`${path.basename(command)} was ended`);
  }
  if (ending !== 0) {
    process.stdout.write(Buffer.concat(output));
    const what = [path.basename(command), ...args].join(' ');
    throw new StepFailed(typeof ending === 'number' ? `${what} ended with code ${ending}` : `${what}: ${ending}`);
  }
}

/**
 * Runs a whole command: a step that fails gives one sentence and exit code 1.
 *
 * @param {() => Promise<void>} command
 */
export async function main(command) {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof StepFailed)) {
      throw error;
    }
    console.error(`\nFAILED: ${error.message}`);
    process.exitCode = 1;
  }
}

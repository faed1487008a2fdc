import { ESLint } from 'eslint';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { ROOT } from '../steps.mjs';

const eslint = new ESLint({ cwd: ROOT });

/** Lints text as if it stood in a file that exists, since type-aware rules ask for one. */
async function rulesBroken(text: string, file: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: path.join(ROOT, file) });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

describe('lint of pure code', () => {
  const bans: [string, string, string][] = [
    ['the clock', 'export const at = (): number => Date.now();', 'no-restricted-globals'],
    ['chance', 'export const dice = (): number => Math.random();', 'no-restricted-properties'],
    ['async functions', 'export async function load(): Promise<void> {}', 'no-restricted-syntax'],
    ['promises', 'export type Later = Promise<number>;', 'no-restricted-syntax'],
    ['a module-level let', 'export let count = 0;', 'p2ptv/no-module-state'],
    ['a module-level Map', 'export const seen = new Map<string, number>();', 'p2ptv/no-module-state'],
  ];

  it.each(bans)('bans %s', async (_what, text, rule) => {
    expect(await rulesBroken(text, 'protocol/src/limits.ts')).toContain(rule);
  });

  it('allows a container that is declared read-only', async () => {
    const text = "export const KINDS: ReadonlySet<string> = new Set(['a']);";
    expect(await rulesBroken(text, 'protocol/src/limits.ts')).toEqual([]);
  });

  it('allows local state', async () => {
    const text = 'export function sum(): number { let total = 0; total += 1; return total; }';
    expect(await rulesBroken(text, 'protocol/src/limits.ts')).toEqual([]);
  });

  it('leaves the clock to the rest of the code', async () => {
    expect(await rulesBroken('export const at = (): number => Date.now();', 'tracker/src/index.ts')).toEqual([]);
  });
});

describe('lint of every file', () => {
  it('asks for kebab-case names', async () => {
    const [result] = await eslint.lintText('', { filePath: path.join(ROOT, 'scripts/chunkStore.mjs') });
    expect(result?.messages.map((message) => message.ruleId)).toEqual(['p2ptv/kebab-case-file']);
  });

  it('finds a promise that nobody awaits', async () => {
    const text = 'declare function send(): Promise<void>;\nexport function go(): void { send(); }';
    expect(await rulesBroken(text, 'tracker/src/index.ts')).toEqual(['@typescript-eslint/no-floating-promises']);
  });
});

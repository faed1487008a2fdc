import { availableParallelism } from 'node:os';

import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

import { findChromium, findFirefox } from './scripts/system-programs.mjs';

const workspaces = ['protocol', 'tracker', 'peer', 'origin', 'player', 'bench', 'scripts'];

// Workspaces resolve to their TypeScript sources, so no test needs a build.
const conditions = ['p2ptv-source', ...defaultServerConditions];
const resolution = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

// A test waits for conditions: these only end one that hangs, so they leave a busy machine all the time it may need.
const patience = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } };

// Tests that drive a browser take it from the environment, whoever starts them.
process.env['P2PTV_CHROMIUM'] ??= findChromium() ?? '';
process.env['P2PTV_FIREFOX'] ??= findFirefox() ?? '';

/** As vitest has it (the largest file first, or what took longest the last time), but for short files that run for long: those of the bench. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isOfBench = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/bench/test/') && moduleId.endsWith('.browser.test.ts');
    return [...sorted.filter(isOfBench), ...sorted.filter((file) => !isOfBench(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      ...workspaces.map((workspace) => ({
        ...resolution,
        test: {
          name: workspace,
          root: `./${workspace}`,
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['**/*.browser.test.ts'],
          environment: 'node' as const,
          // The files that a worker runs share what they import, which costs more than most of them: none mocks a module.
          isolate: false,
          ...patience,
          // One more than there are cores: many of them wait for a process or for a socket.
          maxWorkers: availableParallelism() + 1,
        },
      })),
      {
        ...resolution,
        test: {
          name: 'browser',
          include: ['*/test/**/*.browser.test.ts'],
          environment: 'node' as const,
          ...patience,
          // A file has several browsers and an encoder: with more files than cores all of them take longer, and the whole no less.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

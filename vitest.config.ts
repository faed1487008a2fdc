import { availableParallelism } from 'node:os';

import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

import { findChromium } from './scripts/system-programs.mjs';

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

export default defineConfig({
  test: {
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
          // They mostly wait for pictures to move. More at once than two would stall each other's on a small machine.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

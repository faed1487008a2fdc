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
        },
      })),
      {
        ...resolution,
        test: {
          name: 'browser',
          include: ['*/test/**/*.browser.test.ts'],
          environment: 'node' as const,
          // Each file drives Chromium: two at once on a small machine measure each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

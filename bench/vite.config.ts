import { defaultClientConditions, defineConfig } from 'vite';

/** The viewers' page, with every system under test in it; workspaces are bundled from their sources. */
export default defineConfig({
  root: 'src/browser/page',
  base: './',
  // p2p-media-loader-core has a bundle of its own for browsers; what it is made of needs Node.
  resolve: { conditions: ['p2ptv-source', 'p2pml:core-as-bundle', ...defaultClientConditions] },
  build: { outDir: '../../../dist/pages', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 1000 },
});

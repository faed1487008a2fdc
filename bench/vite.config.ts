import { defaultClientConditions, defineConfig } from 'vite';

/** The viewers' page, with every system under test in it; workspaces are bundled from their sources. */
export default defineConfig({
  root: 'src/browser/page',
  base: './',
  resolve: { conditions: ['p2ptv-source', ...defaultClientConditions] },
  build: { outDir: '../../../dist/pages', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 1000 },
});

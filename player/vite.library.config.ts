import { defaultClientConditions, defineConfig } from 'vite';

/**
 * The library as one ES module, for a page that already has hls.js: hls.js stays outside the bundle.
 * The declarations come from `tsc -b` into the same folder, which is why it is not emptied first.
 */
export default defineConfig({
  resolve: { conditions: ['p2ptv-source', ...defaultClientConditions] },
  build: {
    outDir: 'dist/library',
    emptyOutDir: false,
    sourcemap: true,
    target: 'es2022',
    lib: { entry: 'src/library/index.ts', formats: ['es'], fileName: () => 'index.js' },
    // Vite leaves the white space in libraries, for bundlers; pages that copy the file load it as it is.
    rolldownOptions: { external: ['hls.js'], output: { minify: true } },
  },
});

import { defaultClientConditions, defineConfig } from 'vite';

/** Captions in the picture as a module of their own: who shows none does not load it. */
export default defineConfig({
  resolve: { conditions: ['p2ptv-source', ...defaultClientConditions] },
  build: {
    outDir: 'dist/library',
    emptyOutDir: false,
    sourcemap: true,
    target: 'es2022',
    lib: { entry: 'src/library/picture-captions.ts', formats: ['es'], fileName: () => 'picture-captions.js' },
    rolldownOptions: { external: ['hls.js'], output: { minify: true } },
  },
});

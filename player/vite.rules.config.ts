import { defaultClientConditions, defineConfig } from 'vite';

/** The playback rules as a module of their own, so that the library stays one file. */
export default defineConfig({
  resolve: { conditions: ['p2ptv-source', ...defaultClientConditions] },
  build: {
    outDir: 'dist/library',
    emptyOutDir: false,
    target: 'es2022',
    lib: { entry: 'src/library/playback-rules.ts', formats: ['es'], fileName: () => 'playback-rules.js' },
  },
});

import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

/** The pages, served by the origin. Workspaces are bundled from their sources, so this needs no earlier build. */
export default defineConfig({
  root: 'src/app',
  base: '/',
  plugins: [react()],
  resolve: {
    conditions: ['p2ptv-source', ...defaultClientConditions],
    // Muxed streams need none of what the full build adds (alternate audio, subtitles, DRM, advertising).
    alias: [{ find: /^hls\.js$/, replacement: 'hls.js/light' }],
  },
  build: { outDir: '../../dist/app', emptyOutDir: true, sourcemap: true, target: 'es2022' },
});

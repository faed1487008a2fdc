import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Bundles a test's own module into one script: for a page, or for a Node process of its own. */
export async function bundle(entry: URL, platform: 'browser' | 'node'): Promise<string> {
  const conditions = ['p2ptv-source', 'module', 'import', platform, 'default'];
  const result = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions },
    ssr: { noExternal: true, external: ['node-datachannel'], resolve: { conditions } },
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      ssr: platform === 'node',
      rolldownOptions: { input: fileURLToPath(entry), output: { format: 'es' } },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  for (const output of outputs) {
    if (!('output' in output)) continue;
    const chunk = output.output.find((file) => file.type === 'chunk' && file.isEntry);
    if (chunk?.type === 'chunk') return chunk.code;
  }
  throw new Error(`nothing was built from ${entry.href}`);
}

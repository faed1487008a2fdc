/**
 * What each workspace may import of ours: dependencies point one way, and nothing imports bench or player.
 *
 * @type {Record<string, string[]>}
 */
const ALLOWED = {
  protocol: [],
  tracker: ['protocol'],
  peer: ['protocol'],
  origin: ['protocol', 'tracker', 'peer'],
  player: ['protocol', 'peer'],
  bench: ['protocol', 'tracker', 'peer', 'origin', 'player'],
};

const names = Object.keys(ALLOWED);

const directions = Object.entries(ALLOWED).map(([from, allowed]) => {
  const forbidden = names.filter((name) => name !== from && !allowed.includes(name));
  return {
    name: `${from}-imports-only-${allowed.length === 0 ? 'itself' : allowed.join('-')}`,
    comment: `${from} may import ${allowed.length === 0 ? 'no workspace' : allowed.join(', ')}; see ARCHITECTURE.md.`,
    severity: /** @type {const} */ ('error'),
    from: { path: `^${from}/` },
    // An empty list would match everything; bench may import all the others.
    to: { path: forbidden.length === 0 ? '^$' : `^(${forbidden.join('|')})/` },
  };
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...directions,
    {
      name: 'no-cycles',
      comment: 'A cycle means that two modules are one: join them, or move what both need below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'package-names-across-workspaces',
      comment: 'Another workspace is imported by its package name, through its `exports`, never by a path.',
      severity: 'error',
      from: { path: '^([^/]+)/' },
      to: {
        path: `^(${names.join('|')})/`,
        pathNot: '^$1/',
        dependencyTypes: ['local'],
      },
    },
    {
      name: 'engine-is-pure',
      comment: 'The engine and its ports import only each other and the protocol.',
      severity: 'error',
      from: { path: '^peer/src/(engine|ports)/' },
      to: { pathNot: '^(peer/src/(engine|ports)|protocol)/' },
    },
    {
      name: 'ports-know-no-engine',
      comment: 'A port is what the engine needs of the world: it does not know the engine.',
      severity: 'error',
      from: { path: '^peer/src/ports/' },
      to: { path: '^peer/src/engine/' },
    },
    {
      name: 'entry-is-the-top',
      comment: 'Only an entry picks a runtime and wires adapters; nothing below knows it.',
      severity: 'error',
      from: { path: '^([^/]+)/src/', pathNot: '^[^/]+/src/(entry/|index\\.ts$)' },
      // Only within a workspace: to the others an entry is a public name of the `exports` map.
      to: { path: '^$1/src/entry/' },
    },
    {
      name: 'only-entry-picks-adapters',
      comment: 'Which adapters serve the ports is chosen in src/entry, so the rest runs in any runtime.',
      severity: 'error',
      from: { path: '^peer/src/', pathNot: '^peer/src/(entry|adapters)/' },
      to: { path: '^(peer/src/adapters/|node_modules/node-datachannel/)' },
    },
    {
      name: 'only-adapters-touch-node',
      comment: 'A Node module belongs in an adapter, or in the entry that picks it.',
      severity: 'error',
      from: { path: '^peer/src/', pathNot: '^peer/src/(entry|adapters)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-node-in-the-browser',
      comment: 'Code for browsers imports no Node module.',
      severity: 'error',
      from: { path: '^(protocol/src/|player/src/|peer/src/entry/browser\\.ts$)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'sources-import-no-tests',
      comment: 'What a test needs of another package is exported by it.',
      severity: 'error',
      from: { path: '^[^/]+/src/' },
      to: { path: '^[^/]+/test/' },
    },
    {
      name: 'declared-dependencies',
      comment: 'A package that is imported is in the package.json of the workspace that imports it.',
      severity: 'error',
      from: { path: '^[^/]+/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    preserveSymlinks: false,
    enhancedResolveOptions: {
      conditionNames: ['p2ptv-source', 'import', 'browser', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
};

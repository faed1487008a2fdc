import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

import { moduleRules } from './scripts/eslint-module-rules.mjs';

/** Code that must run unchanged in a browser, in Node and in virtual time: no clock, no chance, no I/O of its own. */
const PURE = ['protocol/src/**/*.ts', 'peer/src/engine/**/*.ts', 'peer/src/ports/**/*.ts'];

const CLOCK = 'Pure code has no clock: take the time from the input (`nowMs`).';
const TIMER = 'Pure code has no timer: return the time of the next tick as a command and act on the tick input.';
const RANDOM = 'Pure code has no chance of its own: take a `Random` port (protocol) as an argument.';
const SYNC = 'Pure code is synchronous: emit a command and take the result as a later input.';
const NETWORK = 'Pure code does no I/O: emit a command for the link, origin or store port.';

const pureGlobals = [
  ['Date', CLOCK],
  ['performance', CLOCK],
  ['setTimeout', TIMER],
  ['clearTimeout', TIMER],
  ['setInterval', TIMER],
  ['clearInterval', TIMER],
  ['setImmediate', TIMER],
  ['queueMicrotask', TIMER],
  ['requestAnimationFrame', TIMER],
  ['crypto', `${RANDOM} Digests and signatures come from a port too.`],
  ['Promise', SYNC],
  ['fetch', NETWORK],
  ['WebSocket', NETWORK],
  ['RTCPeerConnection', NETWORK],
  ['console', 'Pure code does not print: emit an event.'],
  ['process', 'Pure code knows no runtime: take what it needs as an argument.'],
  ['globalThis', 'Pure code knows no runtime: take what it needs as an argument.'],
  ['window', 'Pure code knows no runtime: take what it needs as an argument.'],
].map(([name, message]) => ({ name, message }));

const pureSyntax = [
  { selector: ':function[async=true]', message: SYNC },
  { selector: 'AwaitExpression', message: SYNC },
  { selector: 'TSTypeReference > Identifier[name="Promise"]', message: SYNC },
];

export default defineConfig(
  globalIgnores(['**/dist/', '**/node_modules/', '**/coverage/', '**/.turbo/', 'data/']),
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A `default` must not hide a case that was added to a union later.
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `while (true)` over a queue is clearer than a flag; type-driven conditions stay checked.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      // `() => emit(...)` is our usual short callback.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A non-null assertion says "checked two lines up"; in tests it is noise-free, in src it is banned.
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'URL', 'AbortController', 'setTimeout', 'clearTimeout', 'performance', 'Buffer', 'fetch'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
  {
    rules: {
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'No `export *`: name what is public.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals instead of an enum.' },
      ],
      'max-params': ['error', { max: 3 }],
    },
  },
  {
    plugins: { p2ptv: moduleRules },
    rules: { 'p2ptv/kebab-case-file': 'error' },
  },
  {
    files: PURE,
    plugins: { p2ptv: moduleRules },
    rules: {
      'p2ptv/no-module-state': 'error',
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: RANDOM }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'No `export *`: name what is public.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals instead of an enum.' },
        ...pureSyntax,
      ],
    },
  },
  {
    files: ['player/**/*.{ts,tsx}'],
    ...reactHooks.configs.flat.recommended,
  },
  {
    files: ['**/test/**/*.{ts,tsx}'],
    rules: {
      // Tests index what they have just built and stub what they don't use.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-params': 'off',
      // Files that one worker runs share what they import: what one has loaded another cannot mock.
      'no-restricted-properties': ['error', { object: 'vi', property: 'mock', message: 'Test files share modules: hand over what is to be replaced.' }],
    },
  },
  {
    // Commands print: it is what they are for.
    files: ['scripts/**', '**/src/entry/**', 'bench/src/**'],
    rules: { 'no-console': 'off' },
  },
);

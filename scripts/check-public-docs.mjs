/** Fails if a name that a package exports (through any entry of its `exports` map) has no doc comment. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

import { ROOT } from './steps.mjs';

/** Another checkout may be named, for the tests of this very check. */
const root = process.argv[2] ?? ROOT;

const SOURCE_CONDITION = 'p2ptv-source';

/** @param {string} folder */
const readManifest = (folder) => JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/** @type {string[]} */
const workspaces = readManifest('.').workspaces;
const entries = workspaces.flatMap((workspace) =>
  Object.values(readManifest(workspace).exports ?? {}).flatMap((targets) =>
    targets[SOURCE_CONDITION] === undefined ? [] : [path.join(root, workspace, targets[SOURCE_CONDITION])],
  ),
);

const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  types: ['node'],
  typeRoots: [path.join(ROOT, 'node_modules/@types')],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  customConditions: [SOURCE_CONDITION],
  jsx: ts.JsxEmit.ReactJSX,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
});
const checker = program.getTypeChecker();

let nameCount = 0;
/** @type {Set<string>} a name that several entries export is told once */
const complaints = new Set();

for (const entry of entries) {
  const source = program.getSourceFile(entry);
  if (source === undefined) {
    complaints.add(`${path.relative(root, entry)}: the exports map names it, and it does not exist`);
    continue;
  }
  const module = checker.getSymbolAtLocation(source);
  for (const exported of module === undefined ? [] : checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.declarations?.[0];
    if (declaration === undefined || !isOurs(declaration.getSourceFile().fileName)) {
      continue;
    }
    nameCount += 1;
    if (symbol.getDocumentationComment(checker).length === 0) {
      const file = declaration.getSourceFile();
      const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
      complaints.add(`${path.relative(root, file.fileName)}:${line + 1}: '${exported.name}' has no doc comment`);
    }
  }
}

console.log(complaints.size === 0 ? `${nameCount} public names, each with a doc comment` : [...complaints].join('\n'));
process.exitCode = complaints.size === 0 ? 0 : 1;

/** @param {string} file */
function isOurs(file) {
  return !file.includes('/node_modules/');
}

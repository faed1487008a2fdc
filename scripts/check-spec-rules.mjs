/**
 * Lists the numbered rules of the SPEC files (`- **WR3** text`) that no test title cites, the citations of rules that
 * no SPEC has, and numbers used twice. Fails if there are any.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

import { ROOT } from './steps.mjs';

/** Another checkout may be named, for the tests of this very check. */
const root = process.argv[2] ?? ROOT;

const SPECS = ['protocol/SPEC.md', 'peer/SPEC.md'];
const WORKSPACES = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).workspaces;
const RULE_LINE = /^\s*- \*\*([A-Z]+)(\d+[a-z]?)\*\*/;
const CITATION = /\b([A-Z]+)(\d+[a-z]?)\b/g;
const TEST_FILE = /\.test\.tsx?$/;
/** A skipped test shows nothing, so its title cites nothing. */
const NOT_RUN = new Set(['skip', 'todo']);

/** @type {string[]} */
const complaints = [];
/** @type {Map<string, string>} where each rule stands */
const rules = new Map();
const series = new Set();

for (const spec of SPECS.filter((file) => existsSync(path.join(root, file)))) {
  readFileSync(path.join(root, spec), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const [, letters, number] = RULE_LINE.exec(line) ?? [];
      if (letters === undefined) {
        return;
      }
      const place = `${spec}:${index + 1}`;
      const rule = `${letters}${number}`;
      if (rules.has(rule)) {
        complaints.push(`${place}: ${rule} stands at ${rules.get(rule)} already`);
      }
      rules.set(rule, place);
      series.add(letters);
    });
}

const cited = new Set();
for (const file of WORKSPACES.flatMap((/** @type {string} */ name) => testFiles(path.join(root, name, 'test')))) {
  for (const { title, line } of testTitles(file)) {
    for (const [rule, letters] of title.matchAll(CITATION)) {
      cited.add(rule);
      if (series.has(letters) && !rules.has(rule)) {
        complaints.push(`${path.relative(root, file)}:${line}: cites ${rule}, which no SPEC has`);
      }
    }
  }
}
for (const [rule, place] of rules) {
  if (!cited.has(rule)) {
    complaints.push(`${place}: no test cites ${rule}`);
  }
}

console.log(complaints.length === 0 ? `${rules.size} rules, each cited by a test` : complaints.join('\n'));
process.exitCode = complaints.length === 0 ? 0 : 1;

/**
 * @param {string} folder
 * @returns {string[]}
 */
function testFiles(folder) {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && TEST_FILE.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/**
 * The first arguments of `it(…)`, `describe(…)`, `it.each(…)(…)` and the like, as far as they are literal text. Titles
 * may also come from a table or be composed: every literal within the first argument counts.
 *
 * @param {string} file
 */
function testTitles(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  /** @type {{ title: string, line: number }[]} */
  const titles = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const argument = ts.isCallExpression(node) ? node.arguments[0] : undefined;
    if (argument !== undefined && ts.isCallExpression(node) && isTestFunction(node.expression)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      titles.push({ title: literalText(argument), line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/**
 * @param {ts.Expression} callee
 * @returns {boolean}
 */
function isTestFunction(callee) {
  if (ts.isIdentifier(callee)) {
    return ['it', 'test', 'describe'].includes(callee.text);
  }
  if (ts.isPropertyAccessExpression(callee)) {
    return !NOT_RUN.has(callee.name.text) && isTestFunction(callee.expression);
  }
  if (ts.isTaggedTemplateExpression(callee)) {
    return isTestFunction(callee.tag);
  }
  return ts.isCallExpression(callee) && isTestFunction(callee.expression);
}

/**
 * @param {ts.Node} node
 * @returns {string}
 */
function literalText(node) {
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
    return node.text;
  }
  /** @type {string[]} */
  const parts = [];
  ts.forEachChild(node, (child) => {
    parts.push(literalText(child));
  });
  return parts.join(' ');
}

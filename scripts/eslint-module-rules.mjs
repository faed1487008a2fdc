/**
 * Lint rules of our own, for what no published rule says in one line.
 *
 * @typedef {import('eslint').Rule.RuleModule} RuleModule
 */
import path from 'node:path';

const KEBAB_CASE = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;

/** @type {RuleModule} */
const kebabCaseFile = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { name: "'{{name}}': file names are kebab-case, named after the main export." },
  },
  create(context) {
    return {
      Program(node) {
        const name = path.basename(context.filename);
        if (!KEBAB_CASE.test(name)) {
          context.report({ node, messageId: 'name', data: { name } });
        }
      },
    };
  },
};

const MUTABLE_CONTAINERS = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array']);

/**
 * Whether the declaration says that nobody may change the container: `const x: ReadonlyMap<…> = new Map(…)`.
 *
 * @param {any} declarator
 */
function isDeclaredReadonly(declarator) {
  const annotation = declarator.id?.typeAnnotation?.typeAnnotation;
  if (annotation === undefined) {
    return false;
  }
  if (annotation.type === 'TSTypeOperator') {
    return annotation.operator === 'readonly';
  }
  return annotation.type === 'TSTypeReference' && /^Readonly/.test(annotation.typeName?.name ?? '');
}

/**
 * State that lives in a module is shared by every peer of a process, so a simulation of a thousand of them is wrong,
 * and the same seed no longer gives the same trace.
 *
 * @type {RuleModule}
 */
const noModuleState = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      variable: 'No `{{kind}}` at module level: keep state in the object that the caller creates.',
      container:
        'No mutable `new {{name}}` at module level: keep it in the object that the caller creates, or declare it `Readonly{{name}}`.',
    },
  },
  create(context) {
    return {
      VariableDeclaration(node) {
        const parent = /** @type {any} */ (node).parent;
        const isTopLevel =
          parent.type === 'Program' ||
          (parent.type === 'ExportNamedDeclaration' && parent.parent.type === 'Program');
        if (!isTopLevel || /** @type {any} */ (node).declare === true) {
          return;
        }
        if (node.kind === 'let' || node.kind === 'var') {
          context.report({ node, messageId: 'variable', data: { kind: node.kind } });
        }
        for (const declarator of node.declarations) {
          const init = /** @type {any} */ (declarator.init);
          const isContainer =
            init?.type === 'NewExpression' &&
            init.callee.type === 'Identifier' &&
            MUTABLE_CONTAINERS.has(init.callee.name);
          if (isContainer && !isDeclaredReadonly(declarator)) {
            context.report({ node: declarator, messageId: 'container', data: { name: init.callee.name } });
          }
        }
      },
    };
  },
};

/** @type {import('eslint').ESLint.Plugin} */
export const moduleRules = {
  rules: { 'kebab-case-file': kebabCaseFile, 'no-module-state': noModuleState },
};

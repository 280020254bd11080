// Access to nodes of the grammar's tree, and syntax errors located at them.
import type { SyntaxNode } from '@lezer/common';
import { parseString } from '../model/literals.ts';
import { PromqlError } from '../model/syntax-tree.ts';

export function isExpression({ name }: SyntaxNode): boolean {
  return name.endsWith('Expr')
    ? !name.endsWith('DurationExpr')
    : /Selector$|Literal$|^FunctionCall$/u.test(name);
}

/** Returns the children without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') found.push(child);
  return found;
}

/** Returns the first child that is wanted; the grammar guarantees one. */
export function childOf(node: SyntaxNode, isWanted: (child: SyntaxNode) => boolean): SyntaxNode {
  const found = childrenOf(node).find(isWanted);
  if (found === undefined) throw new Error(`The grammar has changed: ${node.name} without its part`);
  return found;
}

export function childNamed(node: SyntaxNode, name: string): SyntaxNode {
  return childOf(node, (child) => child.name === name);
}

export function textOf({ from, to }: SyntaxNode, text: string): string {
  return text.slice(from, to);
}

export function placeOf({ from, to }: SyntaxNode): { from: number; to: number } {
  return { from, to };
}

/** @throws PromqlError for a string that is not closed or has an unknown escape */
export function stringAt(node: SyntaxNode, text: string): string {
  const value = parseString(textOf(node, text));
  if (value === null) throw errorAtNode('Cannot read the string', node, text);
  return value;
}

/** Returns the labels of a list in parentheses. */
export function labelsAt(node: SyntaxNode, text: string): string[] {
  return childrenOf(node)
    .filter(({ name }) => name.endsWith('LabelName'))
    .map((one) => (one.name.startsWith('Quoted') ? stringAt(one, text) : textOf(one, text)));
}

export function errorAtNode(message: string, node: SyntaxNode, text: string): PromqlError {
  return new PromqlError(message, { position: node.from, construct: textOf(node, text) });
}

/** Error for PromQL that this engine does not support. */
export function unsupported(what: string, node: SyntaxNode, text: string): PromqlError {
  return errorAtNode(`This engine has no ${what}, found`, node, text);
}

export function syntaxError(text: string, node: SyntaxNode): PromqlError {
  const before = text.slice(0, node.from);
  const rest = text.slice(node.from).trim();
  const name = rest.startsWith('(') ? calledIn(before.slice(-SEARCHED)) : null;
  if (name !== null)
    return new PromqlError(`There is no function ${name}`, {
      position: before.lastIndexOf(name),
      construct: name + rest,
    });
  return rest === ''
    ? new PromqlError('The expression ends too early', { position: node.from, construct: text.trim() })
    : new PromqlError('Cannot read the expression', { position: node.from, construct: rest });
}

/** Characters searched for the name of a function. */
const SEARCHED = 200;

const NO_NAMES =
  /^(?:and|or|unless|atan2|bool|offset|by|without|on|ignoring|group_left|group_right|start|end)$/iu;
const IN_A_LIST = /(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*$/iu;

/** Name before a parenthesis, as if it were a function: the grammar reads it as a metric and fails at the parenthesis. */
function calledIn(before: string): string | null {
  const name = /([a-zA-Z_]\w*)\s*$/u.exec(before)?.[1] ?? null;
  return name === null || NO_NAMES.test(name) || IN_A_LIST.test(before) ? null : name;
}

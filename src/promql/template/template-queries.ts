// Queries that stand in a template: the series that they read must be kept.
import type { Command, Operand, ParsedTemplate, Pipeline, TemplateNode } from './template-tree.ts';

export interface TemplateQuery {
  readonly text: string;
  /** The text is a format of printf: what is filled in is not known, only where. */
  readonly isFormat: boolean;
}

export function queriesIn({ body, defined }: ParsedTemplate): TemplateQuery[] {
  return [body, ...defined.values()].flatMap((nodes) => nodes.flatMap(inNode));
}

function inNode(node: TemplateNode): TemplateQuery[] {
  switch (node.kind) {
    case 'text':
    case 'leave':
      return [];
    case 'action':
      return inPipeline(node.pipeline);
    case 'include':
      return node.pipeline === null ? [] : inPipeline(node.pipeline);
    case 'if':
    case 'with':
    case 'range':
      return [...inPipeline(node.pipeline), ...node.body.flatMap(inNode), ...node.otherwise.flatMap(inNode)];
    default:
      return node satisfies never;
  }
}

function inPipeline({ commands }: Pipeline): TemplateQuery[] {
  return commands.flatMap((command, index) => {
    const before = commands[index - 1];
    const given = command[1] === undefined && before !== undefined ? textOf(before) : textIn(command[1]);
    const own = isCallOf(command, 'query') && given !== null ? [given] : [];
    return [...own, ...command.flatMap(inOperand)];
  });
}

function inOperand(operand: Operand): TemplateQuery[] {
  return operand.kind === 'chain' && typeof operand.base === 'object' && 'pipeline' in operand.base
    ? inPipeline(operand.base.pipeline)
    : [];
}

function textIn(operand: Operand | undefined): TemplateQuery | null {
  if (operand?.kind === 'literal')
    return typeof operand.value === 'string' ? { text: operand.value, isFormat: false } : null;
  const isBracket =
    operand?.kind === 'chain' && typeof operand.base === 'object' && 'pipeline' in operand.base;
  const last =
    isBracket && typeof operand.base === 'object' && 'pipeline' in operand.base
      ? operand.base.pipeline.commands.at(-1)
      : undefined;
  return last === undefined ? null : textOf(last);
}

/** A text, or the format of printf. */
function textOf(command: Command): TemplateQuery | null {
  const [first, second] = command;
  if (command.length === 1) return textIn(first);
  if (!isCallOf(command, 'printf') || second?.kind !== 'literal' || typeof second.value !== 'string')
    return null;
  return { text: second.value, isFormat: true };
}

function isCallOf([first]: Command, name: string): boolean {
  return first?.kind === 'function' && first.name === name;
}

// Interpreter of templates: fills in a tree.
import { alertFunction, type Surroundings } from './alert-functions.ts';
import { BUILTINS, SHORT_CIRCUITS } from './builtins.ts';
import type {
  Branch,
  Chain,
  Command,
  Operand,
  ParsedTemplate,
  Pipeline,
  TemplateNode,
} from './template-tree.ts';
import {
  Dictionary,
  FillError,
  Integer,
  isList,
  isTruthy,
  print,
  Sample,
  typeOf,
  type Value,
} from './template-value.ts';

/** Most characters of a filled-in template, and nodes on the way: a template may call itself. */
const LONGEST = 100_000;
const MOST_STEPS = 100_000;
const MOST_CALLS = 100;

/**
 * Fills in a template.
 *
 * @param root what `.` is at first: `Labels`, `ExternalLabels`, `ExternalURL` and `Value`
 * @throws FillError
 */
export function fillTemplate(template: ParsedTemplate, root: Dictionary, around: Surroundings): string {
  const filler = new Filler(template, root, around);
  filler.fill(template.body, root);
  return filler.text;
}

/** Thrown by `break` and `continue`, caught by the range. */
class Leave extends Error {
  readonly how: 'break' | 'continue';
  constructor(how: 'break' | 'continue') {
    super(how);
    this.how = how;
  }
}

interface Variable {
  readonly name: string;
  value: Value;
}

class Filler {
  text = '';
  readonly #template: ParsedTemplate;
  readonly #root: Dictionary;
  readonly #around: Surroundings;
  #variables: Variable[];
  #steps = 0;
  #calls = 0;

  constructor(template: ParsedTemplate, root: Dictionary, around: Surroundings) {
    this.#template = template;
    this.#root = root;
    this.#around = around;
    this.#variables = this.#given(root);
  }

  fill(nodes: readonly TemplateNode[], dot: Value): void {
    for (const node of nodes) {
      this.#steps += 1;
      if (this.#steps > MOST_STEPS || this.text.length > LONGEST)
        throw new FillError(`comes to more than ${LONGEST} characters`);
      this.#fillNode(node, dot);
    }
  }

  #fillNode(node: TemplateNode, dot: Value): void {
    switch (node.kind) {
      case 'text':
        this.text += node.text;
        return;
      case 'action': {
        const value = this.#valueOf(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.text += print(value);
        return;
      }
      case 'if':
      case 'with':
      case 'range':
        this.#branch(node, dot);
        return;
      case 'include':
        this.#include(node.name, node.pipeline === null ? null : this.#valueOf(node.pipeline, dot));
        return;
      case 'leave':
        throw new Leave(node.how);
      default:
        node satisfies never;
    }
  }

  #branch(node: Branch, dot: Value): void {
    const outside = this.#variables.length;
    if (node.kind === 'range') this.#range(node, dot);
    else {
      const value = this.#valueOf(node.pipeline, dot);
      if (isTruthy(value)) this.fill(node.body, node.kind === 'with' ? value : dot);
      else this.fill(node.otherwise, dot);
    }
    this.#variables.length = outside;
  }

  #range({ pipeline, body, otherwise }: Branch, dot: Value): void {
    const items = itemsOf(this.#valueOf({ ...pipeline, variables: [] }, dot));
    const inside = this.#variables.length;
    for (const [key, value] of items) {
      const { variables } = pipeline;
      if (variables.length === 1) this.#set(variables[0] ?? '', value, pipeline.isDeclaration);
      if (variables.length === 2) {
        this.#set(variables[0] ?? '', key, pipeline.isDeclaration);
        this.#set(variables[1] ?? '', value, pipeline.isDeclaration);
      }
      const how = this.#turn(body, value);
      this.#variables.length = inside;
      if (how === 'break') break;
    }
    if (items.length === 0) this.fill(otherwise, dot);
  }

  #turn(body: readonly TemplateNode[], value: Value): Leave['how'] {
    try {
      this.fill(body, value);
      return 'continue';
    } catch (error) {
      if (error instanceof Leave) return error.how;
      throw error;
    }
  }

  #include(name: string, dot: Value): void {
    const nodes = this.#template.defined.get(name);
    if (nodes === undefined) throw new FillError(`template "${name}" not defined`);
    this.#calls += 1;
    if (this.#calls > MOST_CALLS) throw new FillError('exceeded maximum template depth');
    const variables = this.#variables;
    this.#variables = this.#given(dot);
    this.fill(nodes, dot);
    this.#variables = variables;
    this.#calls -= 1;
  }

  #given(dot: Value): Variable[] {
    return [
      { name: '$', value: dot },
      { name: '$labels', value: this.#root.get('Labels') },
      { name: '$externalLabels', value: this.#root.get('ExternalLabels') },
      { name: '$externalURL', value: this.#root.get('ExternalURL') },
      { name: '$value', value: this.#root.get('Value') },
    ];
  }

  #set(name: string, value: Value, isDeclaration: boolean): void {
    const known = this.#variables.findLast((one) => one.name === name);
    if (isDeclaration || known === undefined) this.#variables.push({ name, value });
    else known.value = value;
  }

  #valueOf({ commands, variables, isDeclaration }: Pipeline, dot: Value): Value {
    let piped: { readonly value: Value } | null = null;
    for (const command of commands) piped = { value: this.#run(command, dot, piped) };
    const value = piped?.value ?? null;
    for (const name of variables) this.#set(name, value, isDeclaration);
    return value;
  }

  #run([first, ...others]: Command, dot: Value, piped: { readonly value: Value } | null): Value {
    if (first === undefined) throw new FillError('nothing to do');
    if (first.kind !== 'function') {
      if (others.length > 0 || piped !== null)
        throw new FillError(`can't give an argument to what is no function`);
      return this.#operand(first, dot);
    }
    const { name } = first;
    const args: Value[] = [];
    const decides = SHORT_CIRCUITS.has(name) ? (value: Value) => isTruthy(value) === (name === 'or') : null;
    for (const other of others) {
      const value = this.#operand(other, dot);
      args.push(value);
      if (decides?.(value) === true) return value;
    }
    if (piped !== null) args.push(piped.value);
    return this.#call(name, args);
  }

  #call(name: string, args: readonly Value[]): Value {
    const run = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : alertFunction(name, this.#around);
    if (run === undefined) throw new FillError(`there is no function ${name}`);
    try {
      return run(args);
    } catch (error) {
      if (error instanceof FillError) throw new FillError(`error calling ${name}: ${error.message}`);
      throw error;
    }
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'literal':
        return typeof operand.value === 'number' && operand.isInteger
          ? new Integer(operand.value)
          : operand.value;
      case 'function':
        return this.#call(operand.name, []);
      case 'chain':
        return operand.fields.reduce(fieldOf, this.#base(operand, dot));
      default:
        return operand satisfies never;
    }
  }

  #base({ base }: Chain, dot: Value): Value {
    if (base === '.') return dot;
    if ('pipeline' in base) return this.#valueOf(base.pipeline, dot);
    const known = this.#variables.findLast((one) => one.name === base.variable);
    if (known === undefined) throw new FillError(`undefined variable: ${base.variable}`);
    return known.value;
  }
}

function fieldOf(value: Value, field: string): Value {
  if (value instanceof Dictionary) return value.get(field);
  if (value instanceof Sample && field === 'Labels') return new Dictionary(value.labels);
  if (value instanceof Sample && field === 'Value') return value.value;
  throw new FillError(`can't evaluate field ${field} in a ${typeOf(value)}`);
}

function itemsOf(value: Value): readonly (readonly [Value, Value])[] {
  if (isList(value)) return value.map((one, index) => [new Integer(index), one] as const);
  if (value instanceof Dictionary) return Object.entries(value.entries).sort(([a], [b]) => (a < b ? -1 : 1));
  if (value instanceof Integer)
    return Array.from({ length: Math.min(Math.max(0, value.value), MOST_STEPS) }, (_, index) => [
      new Integer(index),
      new Integer(index),
    ]);
  if (value === null) return [];
  throw new FillError(`range can't iterate over a ${typeOf(value)}`);
}

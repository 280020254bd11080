// Syntax tree of a template.

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | Action
  | Branch
  | {
      readonly kind: 'include';
      readonly name: string;
      readonly pipeline: Pipeline | null;
      readonly position: number;
    }
  | { readonly kind: 'leave'; readonly how: 'break' | 'continue' };

interface Action {
  readonly kind: 'action';
  readonly pipeline: Pipeline;
}

export interface Branch {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

export interface Pipeline {
  /** Variables that it declares or assigns: one, or two of a range. */
  readonly variables: readonly string[];
  readonly isDeclaration: boolean;
  /** The result of each is the last argument of the next. */
  readonly commands: readonly Command[];
  readonly position: number;
}

/** A function or a value, and its arguments. */
export type Command = readonly Operand[];

export type Operand =
  | {
      readonly kind: 'literal';
      readonly value: string | number | boolean | null;
      readonly isInteger: boolean;
    }
  | { readonly kind: 'function'; readonly name: string }
  | Chain;

/** A value and the fields that are read from it: `.a.b`, `$x.a`, `(pipeline).a`. */
export interface Chain {
  readonly kind: 'chain';
  readonly base: '.' | { readonly variable: string } | { readonly pipeline: Pipeline };
  readonly fields: readonly string[];
}

export interface ParsedTemplate {
  readonly body: readonly TemplateNode[];
  readonly defined: ReadonlyMap<string, readonly TemplateNode[]>;
}

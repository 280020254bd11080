// Expansion of `${env:NAME}` in the values of a config.
import { namesSecret } from '../../core/orphans/mask-command.ts';
import { documentMap, isDocumentMap, isDocumentList } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ExpandedDocument {
  readonly tree: DocumentValue;
  readonly faults: readonly { readonly path: KeyPath; readonly reason: string }[];
  /** Values of variables whose names say that they are secret. */
  readonly secrets: readonly string[];
  /** `${NAME}` and the like, left as they are: forms of other programs, probably not meant literally. */
  readonly foreign: readonly { readonly path: KeyPath; readonly reference: string }[];
}

/** Expands all references; `$${env:NAME}` stands for the literal text. The value of a variable is not expanded again. */
export function expandEnvironment(tree: DocumentValue, environment: Environment): ExpandedDocument {
  const expansion = new Expansion(environment);
  return { ...expansion.found, tree: expansion.expand(tree, []) };
}

/** Writes the text that expands to `value` itself. */
export function escapeReferences(value: string): string {
  return value.replaceAll('${env:', (reference) => `$${reference}`);
}

class Expansion {
  readonly found = {
    faults: [] as { path: KeyPath; reason: string }[],
    secrets: [] as string[],
    foreign: [] as { path: KeyPath; reference: string }[],
  };
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  expand(tree: DocumentValue, path: KeyPath): DocumentValue {
    if (typeof tree === 'string') return this.#text(tree, path);
    if (isDocumentList(tree)) return tree.map((item, index) => this.expand(item, [...path, index]));
    if (!isDocumentMap(tree)) return tree;
    return documentMap(Object.entries(tree).map(([key, value]) => [key, this.expand(value, [...path, key])]));
  }

  #text(written: string, path: KeyPath): string {
    const [reference] = /(?<!\$)\$\{(?!env:)[A-Za-z_][^}]*\}/.exec(written) ?? [];
    if (reference !== undefined) this.found.foreign.push({ path, reference });
    const expanded = (whole: string, escape: string, name: string, end: string) => {
      if (escape === '$') return whole.slice(1);
      const value =
        end === '' ? this.#fault(path, 'has ${env: without its closing brace') : this.#variable(name, path);
      // Left as written, so that no second error follows from an empty value.
      return value ?? whole;
    };
    return written.replaceAll(/(\$?)\$\{env:([^}]*)(\}?)/g, expanded);
  }

  #variable(name: string, path: KeyPath): string | null {
    if (!/^[A-Za-z_]\w*$/.test(name)) return this.#fault(path, 'names no variable; write ${env:NAME}');
    const value = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
    if (value === undefined)
      return this.#fault(path, `needs the environment variable ${name}, which is not set`);
    if (namesSecret(name)) this.found.secrets.push(value);
    return value;
  }

  #fault(path: KeyPath, reason: string): null {
    this.found.faults.push({ path, reason });
    return null;
  }
}

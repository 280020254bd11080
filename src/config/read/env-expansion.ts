// Expansion of `${env:NAME}`, `${keychain:SERVICE/ACCOUNT}` and `${secret:NAME}` in the values of a config.
import { SHORTEST_SECRET } from '../../core/base/text.ts';
import { namesSecret } from '../../core/orphans/mask-command.ts';
import { documentMap, isDocumentMap, isDocumentList } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';
import type { LookUp, StoreKind } from './secret-store.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ExpandedDocument {
  readonly tree: DocumentValue;
  readonly faults: readonly { readonly path: KeyPath; readonly reason: string }[];
  /** Values of variables whose names say that they are secret. */
  readonly secrets: readonly string[];
  /** Values that a store of the system keeps. */
  readonly stored: readonly string[];
  /** Where such a value stands that is too short to be searched for in what servers print. */
  readonly short: readonly KeyPath[];
  /** `${NAME}` and the like, left as they are: forms of other programs, probably not meant literally. */
  readonly foreign: readonly { readonly path: KeyPath; readonly reference: string }[];
}

/**
 * Expands all references; `$${env:NAME}` stands for the literal text. A value is not expanded again.
 *
 * @param lookUp asks the system's store of secrets
 */
export function expandReferences(
  tree: DocumentValue,
  environment: Environment,
  lookUp: LookUp,
): ExpandedDocument {
  const expansion = new Expansion(environment, lookUp);
  return { ...expansion.found, tree: expansion.expand(tree, []) };
}

/** Writes the text that expands to `value` itself. */
export function escapeReferences(value: string): string {
  return value.replaceAll(/\$\{(?:env|keychain|secret):/g, (reference) => `$${reference}`);
}

class Expansion {
  readonly found = {
    faults: [] as { path: KeyPath; reason: string }[],
    secrets: [] as string[],
    stored: [] as string[],
    short: [] as KeyPath[],
    foreign: [] as { path: KeyPath; reference: string }[],
  };
  readonly #environment: Environment;
  readonly #lookUp: LookUp;

  constructor(environment: Environment, lookUp: LookUp) {
    this.#environment = environment;
    this.#lookUp = lookUp;
  }

  expand(tree: DocumentValue, path: KeyPath): DocumentValue {
    if (typeof tree === 'string') return this.#text(tree, path);
    if (isDocumentList(tree)) return tree.map((item, index) => this.expand(item, [...path, index]));
    if (!isDocumentMap(tree)) return tree;
    return documentMap(Object.entries(tree).map(([key, value]) => [key, this.expand(value, [...path, key])]));
  }

  #text(written: string, path: KeyPath): string {
    const [reference] = /(?<!\$)\$\{(?!(?:env|keychain|secret):)[A-Za-z_][^}]*\}/.exec(written) ?? [];
    if (reference !== undefined) this.found.foreign.push({ path, reference });
    const expanded = (whole: string, escape: string, ...[kind = '', name = '', end]: readonly string[]) => {
      if (escape === '$') return whole.slice(1);
      const value =
        end === ''
          ? this.#fault(path, `has \${${kind}: without its closing brace`)
          : this.#value(kind, name, path);
      // Left as written, so that no second error follows from an empty value.
      return value ?? whole;
    };
    return written.replaceAll(/(\$?)\$\{(env|keychain|secret):([^}]*)(\}?)/g, expanded);
  }

  #value(kind: string, name: string, path: KeyPath): string | null {
    return kind === 'keychain' || kind === 'secret'
      ? this.#stored(kind, name, path)
      : this.#variable(name, path);
  }

  #stored(kind: StoreKind, name: string, path: KeyPath): string | null {
    const answer = this.#lookUp(kind, name);
    if ('reason' in answer) return this.#fault(path, answer.reason);
    this.found.stored.push(answer.value);
    if (answer.value.length < SHORTEST_SECRET) this.found.short.push(path);
    return answer.value;
  }

  #variable(name: string, path: KeyPath): string | null {
    if (!/^[A-Za-z_]\w*$/.test(name)) return this.#fault(path, 'names no variable; write ${env:NAME}');
    const value = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
    if (value === undefined)
      return this.#fault(
        path,
        `needs the environment variable ${name}, which is not set; export ${name}=… before the watchdog starts, or write the value in its place`,
      );
    if (namesSecret(name)) this.found.secrets.push(value);
    return value;
  }

  #fault(path: KeyPath, reason: string): null {
    this.found.faults.push({ path, reason });
    return null;
  }
}

// Reader from YAML or JSON text to plain values that remember their line.
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import { DEEPEST, MOST_FAULTS, parseText } from './parse-text.ts';
import type { SyntaxProblem } from './parse-text.ts';
import { documentMap } from '../schema/document.ts';
import type { DocumentMap, KeyPath, DocumentValue } from '../schema/document.ts';

export interface ParsedDocument {
  readonly tree: DocumentValue;
  /** When there are any, the tree is incomplete and not worth checking. */
  readonly faults: readonly SyntaxProblem[];
  /** Line of the key (or list item) at `path`, else of the nearest one above it that exists. */
  readonly lineOf: (path: KeyPath) => number | null;
  /** A scalar as it was written: `1.10`, where the value is 1.1. */
  readonly writtenAt: (path: KeyPath) => string | null;
}

/** Reads a text. Never throws: whatever the text is, it gives a document or faults. */
export function readDocument(text: string): ParsedDocument {
  const parsed = parseText(text);
  if ('faults' in parsed)
    return { tree: null, faults: parsed.faults, lineOf: () => null, writtenAt: () => null };
  const reader = new TreeReader(parsed.lineAt);
  return {
    tree: reader.read(parsed.document.contents),
    faults: reader.faults,
    lineOf: (path) => reader.lineOf(path),
    writtenAt: (path) => reader.place(path)?.written ?? null,
  };
}

/** Enough for twenty thousand servers; stops aliases of aliases that would expand without end. */
const MOST_VALUES = 100_000;

interface SourcePosition {
  readonly line: number;
  readonly written: string | null;
}

/** Turns syntax nodes into plain values, aliases included, and records the place of each. */
class TreeReader {
  readonly faults: SyntaxProblem[] = [];
  readonly #places = new Map<string, SourcePosition>();
  readonly #anchors = new Map<string, Node>();
  readonly #lineAt: (offset: number) => number;
  #values = 0;

  constructor(lineAt: (offset: number) => number) {
    this.#lineAt = lineAt;
  }

  read(root: Node | null): DocumentValue {
    const tree = this.#value(root, []);
    if (this.#values > MOST_VALUES) this.#fault(root, [], 'holds too many values; are aliases repeated?');
    return tree;
  }

  place(path: KeyPath): SourcePosition | undefined {
    return this.#places.get(JSON.stringify(path));
  }

  lineOf(path: KeyPath): number | null {
    for (let length = path.length; length > 0; length -= 1) {
      const place = this.place(path.slice(0, length));
      if (place !== undefined) return place.line;
    }
    return null;
  }

  #value(node: Node | null, path: KeyPath): DocumentValue {
    this.#values += 1;
    if (node === null || this.#values > MOST_VALUES) return null;
    if (path.length > DEEPEST)
      return this.#fault(node, path.slice(0, 3), `is nested deeper than ${DEEPEST} levels`);
    if (isAlias(node)) return this.#alias(node.source, node, path);
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#branch(node.items, path);
    if (isSeq(node)) return node.items.map((item, index) => this.#entry(item, item, [...path, index]));
    return isScalar(node) ? this.#scalar(node.value, node, path) : null;
  }

  #alias(name: string, node: Node, path: KeyPath): DocumentValue {
    const meant = this.#anchors.get(name);
    return meant === undefined
      ? this.#fault(node, path, 'refers to an anchor that is not set before it')
      : this.#value(meant, path);
  }

  #branch(pairs: readonly Pair[], path: KeyPath): DocumentMap {
    const entries = new Map<string, DocumentValue>();
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.value) : '?';
      const inside = [...path, name];
      if (!isScalar(key) || name === '__proto__')
        this.#fault(key, inside, 'has a key that is not a plain word');
      else if (entries.has(name)) this.#fault(key, inside, 'is there twice; keep one of them');
      else entries.set(name, this.#entry(value, key, inside));
    }
    return documentMap(entries);
  }

  /** @param at whose line people are shown: the key of a pair, the item of a list */
  #entry(value: unknown, at: unknown, path: KeyPath): DocumentValue {
    const written = isScalar(value) ? (value.source ?? null) : null;
    this.#places.set(JSON.stringify(path), { line: this.#lineOfNode(at), written });
    return this.#value(isNode(value) ? value : null, path);
  }

  #scalar(held: unknown, node: Node, path: KeyPath): DocumentValue {
    if (held === null || typeof held === 'boolean' || typeof held === 'number' || typeof held === 'string')
      return held;
    return this.#fault(node, path, 'has a YAML tag that means nothing here');
  }

  #fault(node: unknown, path: KeyPath, reason: string): null {
    if (this.faults.length < MOST_FAULTS) this.faults.push({ path, line: this.#lineOfNode(node), reason });
    return null;
  }

  #lineOfNode(node: unknown): number {
    return this.#lineAt(isNode(node) ? (node.range?.[0] ?? 0) : 0);
  }
}

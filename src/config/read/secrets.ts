// Secrets in a config: how they are recognised, and masked.
import { tokensIn } from '../../core/base/text.ts';
import { namesSecret } from '../../core/orphans/mask-command.ts';
import { isDocumentMap, isDocumentList } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

export const MASK = '***';

/** Tells whether the value at `path` is secret because of its key. */
export function isSecretPlace(path: KeyPath): boolean {
  const name = path.findLast((key) => typeof key === 'string');
  return path.includes('headers') || (name !== undefined && namesSecret(name));
}

/**
 * Finds secrets by their key, in `headers`, as a flag's value and in urls.
 * Works on what a person wrote as well as on a `ServerSpec`; the longest come first, so that replacing
 * one never leaves the tail of another.
 */
export function findSecrets(tree: unknown): string[] {
  const found = new Set<string>();
  visit(tree, { name: '', found });
  return longestFirst(found);
}

/** Shorter texts occur by chance: scrubbing `true` or `8080` everywhere would hide more than it protects. */
const SHORTEST = 8;
/** Of a text that is a secret for certain. */
const SHORTEST_CERTAIN = 4;

/** Keeps those long enough to be searched for, longest first. @param certain what a store of secrets gave */
export function scrubbableSecrets(values: Iterable<string>, certain: readonly string[] = []): string[] {
  return longestFirst(
    new Set([
      ...[...values].filter((value) => value.length >= SHORTEST),
      ...certain.filter((value) => value.length >= SHORTEST_CERTAIN),
    ]),
  );
}

export function scrub(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, MASK)), text);
}

/** Copies a document with every secret masked: whole under a key that names one, else where its value occurs. */
export function maskSecrets(tree: DocumentValue, secrets: readonly string[], name = ''): DocumentValue {
  if (typeof tree === 'string') return hide(tree, { name, secrets });
  if (isDocumentList(tree)) return tree.map((item) => maskSecrets(item, secrets, name));
  if (!isDocumentMap(tree)) return tree;
  const under = name === 'headers' ? () => 'headers' : (key: string) => key;
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, maskSecrets(value, secrets, under(key))]),
  );
}

function hide(text: string, { name, secrets }: { name: string; secrets: readonly string[] }): string {
  if (text === '') return text;
  return name === 'headers' || namesSecret(name) ? MASK : scrub(text, [...secretsOf(text), ...secrets]);
}

interface SecretSearch {
  readonly name: string;
  readonly found: Set<string>;
}

function visit(node: unknown, { name, found }: SecretSearch): void {
  if (typeof node === 'string') {
    if (name === 'headers' || namesSecret(name)) found.add(node);
    for (const secret of secretsOf(node)) found.add(secret);
  } else if (Array.isArray(node)) {
    visitList(node, { name, found });
  } else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node))
      visit(value, { name: name === 'headers' ? name : key, found });
  }
}

function visitList(items: readonly unknown[], { name, found }: SecretSearch): void {
  for (const [index, item] of items.entries()) {
    const flag: unknown = items[index - 1];
    const follows = typeof flag === 'string' && /^--?[\w-]+$/.test(flag) && namesSecret(flag);
    visit(item, { name: follows && typeof item === 'string' && !item.startsWith('-') ? flag : name, found });
  }
}

/** Finds what one text reveals by its form: `--token=…`, `--token …`, `?api_key=…`, `Bearer …`, `scheme://user:password@host`, a known token. */
function secretsOf(text: string): string[] {
  const tokens = tokensIn(text);
  if (!/[=:\s]/.test(text)) return tokens;
  const named = [...text.matchAll(ASSIGNED), ...text.matchAll(FLAGGED)].filter(([, name = '']) =>
    namesSecret(name),
  );
  const found = [
    ...tokens,
    ...named.map(([, , value = '']) => value),
    ...[...text.matchAll(SCHEMED)].map(([, value = '']) => value),
    // A user name alone before the @ is a token as often as a name (https://TOKEN@host).
    ...[...text.matchAll(LOGIN)].map(([, user = '', password]) => password ?? user),
    ...[...text.matchAll(WEB_PATH)].flatMap(([, path = '']) => path.split('/').filter(isOpaque)),
  ];
  return [...found, ...found.map(decoded)].filter((value) => value !== '');
}

const ASSIGNED = /(?:^--?|[?&;\s])([\w.-]+)[=:]\s*([^&\s;#]+)/g;
const FLAGGED = /(?:^|\s)--?([\w-]+)\s+([^\s-]\S*)/g;
const SCHEMED = /\b(?:Bearer|Basic)\s+([\w.~+/=-]+)/gi;
const LOGIN = /\w+:\/\/([^/\s:@?#]*)(?::([^/\s@?#]*))?@/g;

// A hosted server, or a webhook, may be known by a key in its address alone.
const WEB_PATH = /\bhttps?:\/\/[^/\s?#]*\/([^\s?#]*)/g;

/** A long word of letters and digits. */
function isOpaque(segment: string): boolean {
  return /^[\w-]{24,}$/.test(segment) && /\d/.test(segment) && /[A-Za-z]/.test(segment);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function longestFirst(values: Iterable<string>): string[] {
  return [...values].sort((a, b) => b.length - a.length);
}

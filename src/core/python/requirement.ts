// Texts by which a config asks for Python packages: names, extras, wishes for a version, requirements, interpreters.
import { parseSpecifiers, parseVersion } from './pep440.ts';

/** What is installed with a Python package, and on what. */
export interface PythonOptions {
  /** Normalised and sorted. */
  readonly extras: readonly string[];
  /** The interpreter that is asked for, `3.12` or `>=3.10`; null leaves it to the package. */
  readonly interpreter: string | null;
  /** Requirements that are installed beside it, such as `mcp<2`. */
  readonly with: readonly string[];
}

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';

/** `NAME` or `NAME[extra,other]`. */
const PYTHON_PACKAGE = new RegExp(`^(${NAME})(?:\\[\\s*(${NAME}(?:\\s*,\\s*${NAME})*)\\s*\\])?$`, 'u');

/** Normalises a name: `Foo._Bar` is `foo-bar` (PEP 503). */
export function normalizeName(name: string): string {
  return name.replaceAll(/[-_.]+/gu, '-').toLowerCase();
}

export interface PythonPackage {
  /** Normalised. */
  readonly name: string;
  /** Normalised and sorted. */
  readonly extras: readonly string[];
}

/** Reads `NAME[extras]`; null when it is anything else, such as a version, an address or an option. */
export function parsePythonPackage(text: string): PythonPackage | null {
  const [, name, extras] = PYTHON_PACKAGE.exec(text) ?? [];
  if (name === undefined) return null;
  const list = extras === undefined ? [] : extras.split(',').map((each) => normalizeName(each.trim()));
  return { name: normalizeName(name), extras: [...new Set(list)].toSorted() };
}

/** Writes `name[extras]`. */
export function formatPythonPackage({ name, extras }: PythonPackage): string {
  return extras.length === 0 ? name : `${name}[${extras.join(',')}]`;
}

/** `exact`: one version. `range`: specifiers. `tag`: `latest`, the only one that there is. */
export type PythonWishKind = 'exact' | 'range' | 'tag';

/** Tells what a wish for a version is; null when the index has nothing like it: `^1`, `===1`, another tag. */
export function pythonWishKind(wish: string): PythonWishKind | null {
  if (wish === 'latest') return 'tag';
  if (exactVersion(wish) !== null) return 'exact';
  return parseSpecifiers(wish) === null ? null : 'range';
}

/** Reads the version of a wish for exactly one: `1.2`, `==1.2`; null for others. */
export function exactVersion(wish: string): string | null {
  const plain = wish.trim().replace(/^==\s*(?!=)/u, '');
  return parseVersion(plain) === null ? null : plain;
}

/** Tells what to write in place of a wish that is none; follows "write". */
export function wishCure(wish: string): string {
  const [, version] = /^[\^~]\s*(\d+(?:\.\d+)*)$/u.exec(wish.trim()) ?? [];
  const isShort = version !== undefined && !version.includes('.');
  if (version !== undefined) return isShort ? `~=${version}.0` : `~=${version}`;
  if (wish.trim().startsWith('===')) return `==${wish.trim().slice(3).trim()}`;
  return 'it like 1.2.3, >=1.2,<2, ~=1.4 or latest';
}

const REQUIREMENT = /^([^\s=<>!~]+?)\s*((?:[=<>!~].*)?)$/u;

/** Tells whether a text is `NAME[extras]` with specifiers or without: no address, no path, no option, no condition. */
export function isRequirement(text: string): boolean {
  const [, name = '', specifiers = ''] = REQUIREMENT.exec(text.trim()) ?? [];
  return parsePythonPackage(name) !== null && parseSpecifiers(specifiers) !== null;
}

/** Tells whether a text names an interpreter by its version: `3.12`, `3.13t`, `>=3.10,<3.13`. */
export function isInterpreter(text: string): boolean {
  if (/^3(?:\.\d+){0,2}t?$/u.test(text)) return true;
  const specifiers = parseSpecifiers(text);
  return specifiers !== null && specifiers.length > 0;
}

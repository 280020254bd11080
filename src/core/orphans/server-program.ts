// Program of a command line, by the names it is known under: never by a word somewhere in its arguments.
import { isPackageRunner, parseRunnerLine, type PackageIndex } from '../base/package-runner.ts';

export interface ServerProgram {
  /** The package, or the program's own name; the first is for people. */
  readonly names: readonly string[];
  /** The file that runs, as written; null for a package that a wrapper fetches. */
  readonly file: string | null;
  /** Arguments after the program's name. */
  readonly rest: readonly string[];
  /** Only starts the program and waits for it: npx, uvx, `sh -c`. */
  readonly isWrapper: boolean;
}

/**
 * Finds the program of a command line; null when the line does not tell: code on the command line, an interactive
 * shell.
 */
export function programOf(argv: readonly string[]): ServerProgram | null {
  const [first = '', ...rest] = argv;
  // npm writes its own title over its arguments, which are one text then.
  if (rest.length === 0 && /^npm (?:exec|x) /u.test(first)) return packageRun(words(first));
  const name = baseName(first).toLowerCase();
  const interpreter = INTERPRETERS.find(({ names }) => names.test(name));
  const packaged = packageRun(argv);
  if (packaged !== null) return packaged;
  if (interpreter !== undefined) return interpreter.read(rest);
  // A runner that is asked for something else starts nothing that has a name.
  return isPackageRunner(first) ? null : programFrom(first, rest);
}

interface Interpreter {
  readonly names: RegExp;
  readonly read: (rest: readonly string[]) => ServerProgram | null;
}

const INTERPRETERS: readonly Interpreter[] = [
  { names: /^(?:node|nodejs|tsx)$/u, read: (rest) => script(rest, NODE_VALUES) },
  { names: /^(?:python|pypy)\d*(?:\.\d+)*$/u, read: python },
  { names: /^bun$/u, read: (rest) => script(rest[0] === 'run' ? rest.slice(1) : rest, new Set()) },
  { names: /^deno$/u, read: deno },
  { names: /^(?:sh|bash|dash|zsh|ash)$/u, read: shell },
];

/** Options of node whose value is a word of its own. */
const NODE_VALUES = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--title',
  '--env-file',
]);
/** Options after which there is no script. */
const INLINE = new Set(['-e', '--eval', '-p', '--print', '-c', '-', '-pe', '-i']);

function script(rest: readonly string[], values: ReadonlySet<string>): ServerProgram | null {
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    if (INLINE.has(word)) return null;
    if (values.has(word)) at += 1;
    else if (!word.startsWith('-')) return scriptFrom(word, rest.slice(at + 1));
  }
  return null;
}

/** npx and npm are scripts of node themselves. */
function scriptFrom(file: string, rest: readonly string[]): ServerProgram | null {
  const name = baseName(file);
  if (name === 'npx-cli.js' || name === 'npx') return packageRun(['npx', ...rest]);
  if (name === 'npm-cli.js' || name === 'npm') return packageRun(['npm', ...rest]);
  return programFrom(file, rest);
}

function programFrom(file: string, rest: readonly string[]): ServerProgram {
  return { names: namesOfFile(file), file, rest, isWrapper: false };
}

function python(rest: readonly string[]): ServerProgram | null {
  // What stands before `-m` has decided already, if it names a script or code.
  const at = rest.indexOf('-m');
  const found = script(
    at === -1 ? rest : [...rest.slice(0, at), MODULE, ...rest.slice(at + 1)],
    PYTHON_VALUES,
  );
  if (found?.file !== MODULE) return found;
  const [name, ...others] = found.rest;
  return name === undefined
    ? null
    : { names: [pythonName(name)], file: null, rest: others, isWrapper: false };
}

/** Stands in for the option, where a script would be. */
const MODULE = '\0module';
const PYTHON_VALUES = new Set(['-W', '-X']);

function deno(rest: readonly string[]): ServerProgram | null {
  if (rest[0] !== 'run') return null;
  const found = script(rest.slice(1), new Set());
  const [, name] = /^npm:\/?(.+)$/u.exec(found?.file ?? '') ?? [];
  if (found === null || name === undefined) return found;
  return { ...found, names: [withoutVersion(name)], file: null };
}

/** The package that a runner fetches, then the program of it that is named; null when the line runs none. */
function packageRun(argv: readonly string[]): ServerProgram | null {
  const line = parseRunnerLine(argv);
  if (line === null || line.target === null) return null;
  const names = [...line.packages, line.target].map((spec) => packageName(spec, line.index));
  return { names, file: null, rest: line.args, isWrapper: true };
}

/** `sh -c "program arguments"`, as npm starts a program; anything that a shell would have to interpret is no such line. */
function shell(rest: readonly string[]): ServerProgram | null {
  if (rest[0] !== '-c') return rest[0]?.startsWith('-') === false ? script(rest, new Set()) : null;
  const line = rest[1] ?? '';
  if (/[;&|<>$`()\n\\*?[\]{}]/u.test(line)) return null;
  const [first, ...others] = words(line);
  if (first === undefined) return null;
  const inner = programOf([first, ...others]);
  return inner === null ? null : { ...inner, isWrapper: true };
}

/** Words as a shell would see them, where nothing but quotes is special. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/gu)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  );
}

/** A file below `node_modules` has the name of its package, any other its own without extension. */
function namesOfFile(path: string): string[] {
  const [, installed] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/./u.exec(path) ?? [];
  if (installed !== undefined && installed !== '.bin') return [installed];
  const name = baseName(path).replace(/\.(?:[cm]?[jt]s|py)$/u, '');
  return [path.endsWith('.py') ? pythonName(name) : name];
}

function packageName(word: string, index: PackageIndex): string {
  return index === 'npm' ? withoutVersion(word) : pythonName(word.replace(/(?:@|[<>=!~]=?|\[).*$/u, ''));
}

function withoutVersion(word: string): string {
  const at = word.indexOf('@', 1);
  return at === -1 ? word : word.slice(0, at);
}

/** A module is written with underscores where its package has dashes. */
function pythonName(name: string): string {
  return name.split('.')[0]?.replaceAll('_', '-') ?? name;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whether its arguments ask it to serve over HTTP in place of its own stdin and stdout. */
export function asksForHttp(rest: readonly string[]): boolean {
  return rest.some((word) => HTTP_WORD.test(word));
}

const HTTP_WORD =
  /^(?:https?|sse|streamable-?http|streamablehttp|shttp|http-?stream)$|^--?(?:transport|mode|type)=(?:http|sse|stream)|^--(?:port|http|sse|streamable-?http|http-port|sse-port)(?:=|$)/iu;

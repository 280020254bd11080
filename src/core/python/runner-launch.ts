// Translation of a uvx or pipx line into a Python package with its version, program, interpreter and companions.
import type { RunnerLine } from '../base/package-runner.ts';
import {
  exactVersion,
  formatPythonPackage,
  isInterpreter,
  isRequirement,
  parsePythonPackage,
  pythonWishKind,
} from './requirement.ts';

/** A Python package in the keys of our config. */
export interface PythonLaunch {
  /** `pypi:NAME[extras]`. */
  readonly package: string;
  /** Null: the latest. */
  readonly version: string | null;
  /** Null: the program that is named like the package. */
  readonly bin: string | null;
  readonly interpreter: string | null;
  readonly with: readonly string[];
  readonly args: readonly string[];
}

/**
 * Reads a line of a runner of the Python index.
 *
 * @param env variables that the line is started with
 * @returns a reason when the package alone would not be the same
 */
export function pythonLaunch(line: RunnerLine, env: Readonly<Record<string, string>>): PythonLaunch | string {
  const { packages, target, args, extras, python } = line;
  const reason = reasonAgainst(line, env);
  if (reason !== null) return reason;
  const [named = target] = packages;
  if (named === null) return 'it names no package';
  const found = parsePythonSpec(named);
  if (typeof found === 'string') return found;
  const beside = extras.flatMap(splitRequirements);
  const foreign = beside.find((each) => !isRequirement(each));
  if (foreign !== undefined) return 'what it takes along is no name of the index';
  const interpreter = python === null ? null : interpreterOf(python);
  if (python !== null && interpreter === null) return 'its Python is not named by a version';
  if (packages.length > 0 && target === null) return 'it names no program';
  return {
    package: `pypi:${formatPythonPackage(found)}`,
    version: found.version,
    bin: packages.length > 0 && target !== found.name ? target : null,
    interpreter,
    with: beside,
    args,
  };
}

function reasonAgainst(
  { packages, target, otherFlags }: RunnerLine,
  env: Readonly<Record<string, string>>,
): string | null {
  const [flag] = otherFlags;
  if (flag !== undefined) return `its flag ${flag} has no counterpart here`;
  const variable = Object.keys(env).find((name) => CONFIGURING.test(name) && !IDLE_VARIABLES.has(name));
  if (variable !== undefined)
    return `its variable ${variable} says where packages come from, which here is a matter of the whole watchdog`;
  if (packages.length > 1) return 'it wants several packages at once';
  return packages.length === 0 && /^python(?:\d|@|$)/u.test(target ?? '') ? 'it starts Python itself' : null;
}

const CONFIGURING = /^(?:UV|PIP|PIPX)_/u;
/** Variables of uv that change nothing about what is installed. */
const IDLE_VARIABLES: ReadonlySet<string> = new Set([
  'UV_CACHE_DIR',
  'UV_NO_CACHE',
  'UV_NO_PROGRESS',
  'UV_LINK_MODE',
  'UV_HTTP_TIMEOUT',
  'UV_CONCURRENT_DOWNLOADS',
  'UV_TOOL_DIR',
  'UV_TOOL_BIN_DIR',
  'UV_ISOLATED',
  'UV_COMPILE_BYTECODE',
]);

interface PythonSpec {
  readonly name: string;
  readonly extras: readonly string[];
  /** Null for none or `latest`. */
  readonly version: string | null;
}

const SPEC = /^([^\s@=<>!~;]+(?:\[[^\]]*\])?)\s*(?:@\s*([^\s@/:]+)|([=<>!~][^;@]*))?$/u;

/** Splits `NAME[extras]`, `NAME@VERSION` and `NAME==VERSION`; a reason when it is neither. */
function parsePythonSpec(spec: string): PythonSpec | string {
  if (/^(?:git|hg|svn|bzr)\+|@\s*git\+/u.test(spec))
    return 'it comes from a repository, which has no versions to go back to';
  if (/:\/\/|^[./~]|[\\/]/u.test(spec))
    return 'it comes from an address or a path, not from the index by name';
  const [, written = '', at, specifiers] = SPEC.exec(spec.trim()) ?? [];
  const found = parsePythonPackage(written);
  if (found === null) return 'what it starts is not a package of the index by name and version';
  const wish = (at ?? specifiers)?.trim() ?? 'latest';
  if (pythonWishKind(wish) === null) return 'its version is not one of the index';
  return { ...found, version: wish === 'latest' ? null : (exactVersion(wish) ?? wish) };
}

/** Splits `mcp>=1,<2,other[a,b]` where a name begins, as uv does. */
function splitRequirements(text: string): string[] {
  return text
    .split(/,(?=\s*[A-Za-z])(?![^[]*\])/u)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** `python3.12`, `cpython@3.12`, `3.12` -> `3.12`; null for a path, another Python, or a word. */
function interpreterOf(written: string): string | null {
  const version = written.replace(/^(?:c?python-?@?)(?=\d)/u, '');
  return isInterpreter(version) ? version : null;
}

// Parser of an `envFile`: lines of `export NAME="value"`, read without a shell.

export interface EnvFile {
  readonly env: Readonly<Record<string, string>>;
  readonly faults: readonly { readonly line: number; readonly reason: string }[];
  /** Lines with `$NAME` that a shell would expand and that is taken literally here. */
  readonly unexpanded: readonly number[];
}

/**
 * Parses the text. `export` may be left out; `#` starts a comment; a value with spaces, quotes, `;` or `#` needs quotes. Several on one line
 * are read as sh(1) reads them, `set -a` and `export NAME` of what was set before change nothing.
 * In double quotes `\"`, `\\`, `\$` and `` \` `` are unescaped, as sh(1) does; nothing is expanded. The last of two equal names wins.
 */
export function parseEnvFile(text: string): EnvFile {
  const env: Record<string, string> = {};
  const faults: { line: number; reason: string }[] = [];
  const unexpanded: number[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, written] of lines.entries()) {
    for (const entry of parseLine(written.trim(), env)) {
      if ('reason' in entry) faults.push({ line: index + 1, reason: entry.reason });
      else {
        env[entry.name] = entry.value;
        if (entry.isExpandable && /\$[A-Za-z_{(]/.test(entry.value)) unexpanded.push(index + 1);
      }
    }
  }
  return { env, faults, unexpanded: [...new Set(unexpanded)] };
}

type Assignment = { name: string; value: string; isExpandable: boolean } | { reason: string };

function parseLine(line: string, before: Readonly<Record<string, string>>): Assignment[] {
  const entries: Assignment[] = [];
  const known = new Set(Object.keys(before));
  for (let rest = line; rest !== '' && !isIdle(rest, known);) {
    const { entry, after } = parseAssignment(rest);
    entries.push(entry);
    if ('name' in entry) known.add(entry.name);
    rest = after;
  }
  return entries;
}

/** Tells whether the line is a comment, or a shell command that changes nothing here. */
function isIdle(line: string, known: ReadonlySet<string>): boolean {
  if (line.startsWith('#') || /^set [-+]a\s*(?:[;#].*)?$/.test(line)) return true;
  const [, names] = EXPORT.exec(line) ?? [];
  return (
    names !== undefined &&
    names
      .trim()
      .split(/\s+/)
      .every((name) => known.has(name))
  );
}

/** `export A B`, of variables that were set before. */
const EXPORT = /^export((?:\s+[A-Za-z_]\w*)+)\s*(?:;\s*)?(?:#.*)?$/;

interface Parsed {
  readonly entry: Assignment;
  /** The rest of the line; empty after a mistake. */
  readonly after: string;
}

function parseAssignment(line: string): Parsed {
  const [, name, rest] = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/s.exec(line) ?? [];
  if (name === undefined || rest === undefined) return fault('is not NAME=value; write export NAME="value"');
  if (rest.includes('\0')) return fault('holds a NUL character');
  return /^['"]/.test(rest) ? quoted(name, rest) : bare(name, rest);
}

function quoted(name: string, rest: string): Parsed {
  const isExpandable = rest.startsWith('"');
  const match = (isExpandable ? /^"((?:[^"\\]|\\.)*)"(.*)$/ : /^'([^']*)'(.*)$/).exec(rest);
  const [, value = '', left = ''] = match ?? [];
  const after = match === null ? null : afterValue(left);
  if (after === null) return fault(`has quotes that do not enclose the whole value of ${name}`);
  const read = isExpandable ? value.replaceAll(/\\(["\\$`])/g, '$1') : value;
  return { entry: { name, value: read, isExpandable }, after };
}

function bare(name: string, rest: string): Parsed {
  const [, value = '', left = ''] = /^([^\s;'"\\]*)(.*)$/s.exec(rest) ?? [];
  const after = afterValue(left);
  if (after === null) return fault(`has a value of ${name} that needs quotes; write export ${name}="value"`);
  return { entry: { name, value, isExpandable: true }, after };
}

/** Finds what follows a value on the line, nothing before a comment; null when the value goes on. */
function afterValue(text: string): string | null {
  const [, next] = /^(?:\s*;\s*|\s+|$)(.*)$/s.exec(text) ?? [];
  if (next === undefined) return null;
  if (next === '' || next.startsWith('#')) return '';
  return EXPORT.test(next) || /^(?:export\s+)?[A-Za-z_]\w*=/.test(next) ? next : null;
}

function fault(reason: string): Parsed {
  return { entry: { reason }, after: '' };
}

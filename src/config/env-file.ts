// What an `envFile` says: lines of `export NAME="value"`, read without a shell.

export interface EnvFile {
  readonly env: Readonly<Record<string, string>>;
  readonly faults: readonly { readonly line: number; readonly reason: string }[];
  /** Lines with `$NAME` that a shell would expand and that is taken literally here. */
  readonly unexpanded: readonly number[];
}

/**
 * `export` may be left out; `#` starts a comment; a value with spaces, quotes or `#` needs quotes.
 * In double quotes `\"`, `\\`, `\$` and `` \` `` are unescaped, as sh(1) does; nothing is expanded. The last of two equal names wins.
 */
export function parseEnvFile(text: string): EnvFile {
  const env: Record<string, string> = {};
  const faults: { line: number; reason: string }[] = [];
  const unexpanded: number[] = [];
  for (const [index, written] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const entry = parseLine(written.trim());
    if (entry === null) continue;
    if ('reason' in entry) faults.push({ line: index + 1, reason: entry.reason });
    else {
      env[entry.name] = entry.value;
      if (entry.isExpandable && /\$[A-Za-z_{(]/.test(entry.value)) unexpanded.push(index + 1);
    }
  }
  return { env, faults, unexpanded };
}

type Entry = { name: string; value: string; isExpandable: boolean } | { reason: string } | null;

function parseLine(line: string): Entry {
  if (line === '' || line.startsWith('#')) return null;
  const [, name, rest] = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/s.exec(line) ?? [];
  if (name === undefined || rest === undefined)
    return { reason: 'is not NAME=value; write export NAME="value"' };
  if (rest.includes('\0')) return { reason: 'holds a NUL character' };
  if (rest.startsWith("'")) return quoted(name, /^'([^']*)'\s*(#.*)?$/.exec(rest), false);
  if (rest.startsWith('"')) return quoted(name, /^"((?:[^"\\]|\\.)*)"\s*(#.*)?$/.exec(rest), true);
  return bare(name, rest);
}

function quoted(name: string, match: RegExpExecArray | null, isExpandable: boolean): Entry {
  const value = match?.[1];
  if (value === undefined) return { reason: `has quotes that do not enclose the whole value of ${name}` };
  return { name, value: isExpandable ? value.replaceAll(/\\(["\\$`])/g, '$1') : value, isExpandable };
}

function bare(name: string, rest: string): Entry {
  const value = rest.replace(/(^|\s+)#.*$/, '');
  if (/[\s"'\\]/.test(value))
    return { reason: `has a value of ${name} that needs quotes; write export ${name}="value"` };
  return { name, value, isExpandable: true };
}

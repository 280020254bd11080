// Rewriting of a spec so that the server listens on another port: in its args, env and url.
import type { ServerSpec } from '../../core/model/server-spec.ts';

export interface MovedSpec {
  readonly spec: ServerSpec;
  /** What was replaced can only be a port: `--port 3000`, `PORT=3000`, `127.0.0.1:3000`. */
  readonly isSure: boolean;
}

export interface PortMove {
  readonly from: number;
  readonly to: number;
}

/** Replaces the port; null when it is in neither args nor env: the server then has it from where we cannot change it. */
export function moveToPort(spec: ServerSpec, move: PortMove): MovedSpec | null {
  const url = spec.url === null ? null : withPort(spec.url, move.to);
  for (const isSure of [true, false]) {
    const replace = isSure ? replaceSure : replaceAny;
    const args = spec.args.map((arg, index) => replace(arg, move, isPortFlag(spec.args[index - 1])));
    const env = Object.fromEntries(
      Object.entries(spec.env).map(([name, value]) => [name, replace(value, move, /port/iu.test(name))]),
    );
    const isMoved = args.join('\0') !== spec.args.join('\0') || !isSameMap(env, spec.env);
    if (isMoved) return { spec: { ...spec, args, env, url }, isSure };
  }
  return null;
}

function withPort(url: string, port: number): string {
  const moved = new URL(url);
  moved.port = String(port);
  return moved.href;
}

function isPortFlag(argument: string | undefined): boolean {
  return argument !== undefined && /^-(?:p|-?[\w-]*port)$/iu.test(argument);
}

/** @param isAlone whether the whole text is a port, by the flag before it or its name */
function replaceSure(text: string, { from, to }: PortMove, isAlone: boolean): string {
  if (isAlone && text === String(from)) return String(to);
  const marked = new RegExp(String.raw`(?<=^-p=?|^--?[\w-]*port=|:)${from}(?!\d)`, 'giu');
  return text.replaceAll(marked, String(to));
}

/** Replaces the port wherever it stands as a whole number. */
function replaceAny(text: string, { from, to }: PortMove): string {
  return text.replaceAll(new RegExp(String.raw`(?<![\d.])${from}(?!\.?\d)`, 'gu'), String(to));
}

function isSameMap(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return Object.keys(other).every((name) => one[name] === other[name]);
}

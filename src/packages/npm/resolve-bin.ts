// Program of an installed npm package, chosen by npm's own rule, and the argv that runs it.
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, extname, join, sep } from 'node:path';

import { ownName, readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { ResolvedProgram } from '../manager/package-manager.ts';

/**
 * Resolves the program. One: it. Several names for one file: that file. Several files: the one named like the package,
 * without its scope. Anything else is for people to decide, with `bin`. (libnpmexec, get-bin-from-manifest.js)
 *
 * @param folder of the package, absolute
 * @param bin the name the user chose, or null
 * @param node the program that runs what a `node` shebang asks for
 */
export function resolveBin(
  folder: string,
  bin: string | null,
  node: string = process.execPath,
): ResolvedProgram {
  const manifest = readManifest(folder);
  if (manifest === null) return refuse('its package.json cannot be read');
  const { programs } = manifest;
  if (programs.size === 0) return refuse('it has no program');
  const target = choose(manifest, bin);
  if (target === undefined) return refuse(noChoice([...programs.keys()], bin));
  return launch(folder, target, node);
}

function choose({ name, programs }: Manifest, bin: string | null): string | undefined {
  if (bin !== null) return programs.get(bin);
  const targets = new Set(programs.values());
  return targets.size === 1 ? [...targets][0] : programs.get(ownName(name));
}

function noChoice(names: readonly string[], bin: string | null): string {
  const list = names.toSorted().join(', ');
  return bin === null ? `it has several programs (${list})` : `it has no program "${bin}", only ${list}`;
}

function launch(folder: string, target: string, node: string): ResolvedProgram {
  const file = join(folder, target);
  if (!isInside(folder, file)) return refuse(`its program ${target} is missing or lies outside the package`);
  if (statSync(file).size === 0) return refuse(`its program ${target} is empty`);
  const shebang = readShebang(file);
  const flags = shebang === null ? null : nodeFlags(shebang);
  if (flags !== null) return { ok: true, argv: [node, ...flags, file] };
  const isScript = shebang === null && ['.js', '.mjs', '.cjs'].includes(extname(file));
  return { ok: true, argv: isScript ? [node, file] : [file] };
}

function isInside(folder: string, file: string): boolean {
  try {
    return realpathSync(file).startsWith(realpathSync(folder) + sep) && statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The kernel reads 256 bytes on Linux and 512 on macOS. */
const SHEBANG_BYTES = 512;

function readShebang(file: string): string | null {
  const bytes = Buffer.alloc(SHEBANG_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    const [line = ''] = bytes
      .toString('utf8', 0, readSync(descriptor, bytes, 0, SHEBANG_BYTES, 0))
      .split('\n');
    return line.startsWith('#!') ? line.slice(2).trim() : null;
  } finally {
    closeSync(descriptor);
  }
}

/** Reads the flags behind `node`; null when the interpreter is another one, or its environment is changed first. */
function nodeFlags(shebang: string): string[] | null {
  const words = shebang.split(/\s+/);
  const rest = basename(words[0] ?? '') === 'env' ? words.slice(words[1] === '-S' ? 2 : 1) : words;
  return ['node', 'nodejs'].includes(basename(rest[0] ?? '')) ? rest.slice(1) : null;
}

function refuse(reason: string): ResolvedProgram {
  return { ok: false, reason };
}

// Program of an installed Python package, chosen as uvx does, and the argv that runs it.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { normalizeName } from '../../core/python/requirement.ts';
import type { InstalledVersion, ResolvedProgram } from '../manager/package-manager.ts';
import { readDistribution, readDistributions } from './dist-info.ts';

/**
 * Resolves the program of an installed version. `python`: the interpreter. A name: that program, of the package itself or else of what was
 * installed with it. None: the program named like the package, else its only one.
 *
 * @param bin the name that the user chose, or null
 */
export function resolveScript(
  { folder, packageFolder }: Pick<InstalledVersion, 'folder' | 'packageFolder'>,
  bin: string | null,
): ResolvedProgram {
  const venv = join(folder, 'venv');
  const programs = join(venv, 'bin');
  const python = join(programs, 'python');
  if (bin === 'python') return { ok: true, argv: [python], programs };
  const itself = readDistribution(venv, packageFolder);
  if (itself === null) return { ok: false, reason: 'its METADATA cannot be read' };
  const { name, programs: own } = itself;
  const target = bin === null ? chooseOwn(name, own) : findNamed(bin, own, venv);
  if (target === undefined) return { ok: false, reason: noChoice(bin, own) };
  const file = join(programs, target);
  return { ok: true, argv: isPythonScript(file, python) ? [python, file] : [file], programs };
}

/** Those of dependencies count, too; their lists are read only when it comes to that. */
function findNamed(bin: string, own: readonly string[], venv: string): string | undefined {
  if (own.includes(bin)) return bin;
  return readDistributions(venv).some(({ programs: others }) => others.includes(bin)) ? bin : undefined;
}

function chooseOwn(name: string, own: readonly string[]): string | undefined {
  const named = own.find((each) => each === name) ?? own.find((each) => normalizeName(each) === name);
  return named ?? (own.length === 1 ? own[0] : undefined);
}

function noChoice(bin: string | null, own: readonly string[]): string {
  const list = own.toSorted().join(', ');
  if (bin !== null) return `it has no program "${bin}"${own.length === 0 ? '' : `, only ${list}`}`;
  if (own.length === 0)
    return 'it has no program; `bin: python` runs one of its modules, with args: [-m, MODULE]';
  return `it has several programs (${list})`;
}

const HEAD_BYTES = 512;

/** What uv writes for an environment that may move: a shell that runs the Python beside it. We spare that shell. */
function isPythonScript(file: string, python: string): boolean {
  const head = readHead(file);
  const [first = '', second = ''] = head.split('\n');
  if (first === `#!${python}`) return true;
  return first === '#!/bin/sh' && second.startsWith("'''exec'") && second.includes("/'python'");
}

function readHead(file: string): string {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

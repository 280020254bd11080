import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { resolveBin } from '../../../src/packages/npm/resolve-bin.ts';

const NODE = '/the/node';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bin-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(manifest: object, files: Readonly<Record<string, string>>): Promise<void> {
  const all = { 'package.json': JSON.stringify({ name: 'a', version: '1.0.0', ...manifest }), ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const FILES = { 'a.js': '#!/usr/bin/env node\n', 'b.js': '#!/usr/bin/env node\n' };

describe('resolveBin() follows the rule of npm', () => {
  test.each([
    ['a single program', { bin: 'a.js' }, null, 'a.js'],
    ['a single program of any name', { bin: { other: 'b.js' } }, null, 'b.js'],
    ['several names for one file', { bin: { one: 'a.js', two: 'a.js' } }, null, 'a.js'],
    ['the program named like the package', { bin: { b: 'b.js', a: 'a.js' } }, null, 'a.js'],
    [
      'the program named like the package without its scope',
      { name: '@x/a', bin: { b: 'b.js', a: 'a.js' } },
      null,
      'a.js',
    ],
    ['the one that was chosen', { bin: { b: 'b.js', a: 'a.js' } }, 'b', 'b.js'],
    ['a target with a dot before it', { bin: { a: './a.js' } }, null, 'a.js'],
    ['a target with a slash before it', { bin: { a: '/a.js' } }, null, 'a.js'],
  ])('%s', async (_what, manifest, bin, expected) => {
    await write(manifest, FILES);
    expect(resolveBin(folder, bin, NODE)).toEqual({ ok: true, argv: [NODE, join(folder, expected)] });
  });

  test.each([
    ['no program', {}, null, 'it has no program'],
    [
      'several, none named like it',
      { bin: { y: 'b.js', x: 'a.js' } },
      null,
      'it has several programs (x, y)',
    ],
    ['not the chosen one', { bin: { x: 'a.js' } }, 'z', 'it has no program "z", only x'],
    [
      'a missing file',
      { bin: 'gone.js' },
      null,
      'its program gone.js is missing or lies outside the package',
    ],
    ['a file outside', { bin: '../../etc/passwd' }, null, /lies outside the package$/],
    ['a folder', { bin: 'dist' }, null, /is missing or lies outside/],
    ['an empty file', { bin: 'empty.js' }, null, 'its program empty.js is empty'],
  ])('refuses %s', async (_what, manifest, bin, reason) => {
    await write(manifest, { ...FILES, 'empty.js': '', 'dist/x.js': '' });
    const expected: unknown = typeof reason === 'string' ? reason : expect.stringMatching(reason);
    expect(resolveBin(folder, bin, NODE)).toEqual({ ok: false, reason: expected });
  });

  test('refuses a link that leads out of the package', async () => {
    await write({ bin: 'link.js' }, {});
    await symlink('/bin/sh', join(folder, 'link.js'));
    expect(resolveBin(folder, null, NODE)).toMatchObject({ ok: false });
  });

  test('refuses a package whose manifest cannot be read', async () => {
    await writeFile(join(folder, 'package.json'), '{"name":');
    expect(resolveBin(folder, null, NODE)).toEqual({ ok: false, reason: 'its package.json cannot be read' });
  });
});

describe('resolveBin() reads the first line of the program', () => {
  test.each([
    ['#!/usr/bin/env node\n', [NODE]],
    ['#!/usr/bin/env node\r\n', [NODE]],
    ['#! /usr/bin/env node\n', [NODE]],
    ['#!/usr/local/bin/node\n', [NODE]],
    ['#!/usr/bin/env nodejs\n', [NODE]],
    [
      '#!/usr/bin/env -S node --no-warnings --max-old-space-size=64\n',
      [NODE, '--no-warnings', '--max-old-space-size=64'],
    ],
    ['#!/usr/bin/node --no-warnings\n', [NODE, '--no-warnings']],
    ['console.log(1)\n', [NODE]],
    ['#!/usr/bin/env bun\n', []],
    ['#!/bin/sh\n', []],
    ['#!/usr/bin/env -S DEBUG=1 node\n', []],
    ['#!/usr/bin/env -S\n', []],
  ])('%j', async (line, before) => {
    await write({ bin: 'a.js' }, { 'a.js': `${line}// more\n` });
    expect(resolveBin(folder, null, NODE)).toEqual({ ok: true, argv: [...before, join(folder, 'a.js')] });
  });

  test('runs a binary as it is', async () => {
    await write({ bin: 'a' }, { a: '\u007fELF\u0002' });
    await chmod(join(folder, 'a'), 0o755);
    expect(resolveBin(folder, null, NODE)).toEqual({ ok: true, argv: [join(folder, 'a')] });
  });
});

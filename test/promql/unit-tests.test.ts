// Do the shipped rules do what their unit tests say: judged by promtool, and by our engine, on the same files?
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { runUnitTestFile } from './unit-test-file.ts';

const ALERTING = fileURLToPath(new URL('../../alerting', import.meta.url));
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const SHIPPED = readdirSync(join(ALERTING, 'tests'))
  .filter((name) => name.endsWith('.yml'))
  .map((name) => join(ALERTING, 'tests', name));
const OWN = join(FIXTURES, 'unit-tests.yml');

describe.each([2, 3] as const)('our engine, as Prometheus %i', (generation) => {
  test.each([...SHIPPED, OWN])('is content with %s', (path) => {
    expect(runUnitTestFile(path, { generation })).toEqual([]);
  });
});

describe.skipIf(!requireProgram('promtool'))('promtool', () => {
  test.each([...SHIPPED, OWN])('is content with %s', (path) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', path], { encoding: 'utf8' });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});

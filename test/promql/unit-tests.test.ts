// Do the shipped rules do what their unit tests say: judged by promtool, and by our engine, on the same files?
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { runUnitTestFile } from './support/unit-test-file.ts';

const SHIPPED = fileURLToPath(new URL('../../alerting/tests', import.meta.url));
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const OWN = join(FIXTURES, 'unit-tests.yml');
const FILES = [...readdirSync(SHIPPED).map((name) => join(SHIPPED, name)), OWN]
  .filter((path) => path.endsWith('.yml'))
  .map((path) => ({ path, name: basename(path) }));

function promtool(path: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', path], { encoding: 'utf8' });
  return { status, output: status === 0 ? '' : stdout + stderr };
}

describe('our engine', () => {
  test.each(FILES)('passes $name as Prometheus 2, to the letter', ({ path }) => {
    expect(runUnitTestFile(path, { generation: 2 })).toEqual([]);
  });

  // Its windows begin a moment later: a rate may differ in the digit at which a text rounds it.
  test.each(FILES)('fires the same alerts for $name as Prometheus 3', ({ path }) => {
    expect(runUnitTestFile(path, { generation: 3, areTextsCompared: false })).toEqual([]);
  });
});

describe.skipIf(!requireProgram('promtool'))('promtool', () => {
  test.each(FILES)('passes $name', { timeout: 60_000 }, ({ path }) => {
    expect(promtool(path)).toEqual({ status: 0, output: '' });
  });
});

describe('a unit test that is wrong', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'unit-tests-'));
    writeFileSync(join(folder, 'rules.yml'), readFileSync(join(FIXTURES, 'rules.yml')));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const hasPromtool = requireProgram('promtool');
  test.each([
    ['an alert expected too early', 'eval_time: 4m, exp_alerts: []', 'eval_time: 4m, exp_alerts: [{}]'],
    ['one that is not expected', 'eval_time: 11m', 'eval_time: 10m59s'],
    ['a label', 'job_of: a, job: a', 'job_of: b, job: a'],
    ['an annotation', 'a has 1 up (1.00).', 'a has 1 up (1.0).'],
    ['a missing annotation', 'exp_annotations: { summary: a has 1 up (1.00). }', 'exp_annotations: {}'],
    ['a value', 'labels: \'grows{a="1"}\', value: 7', 'labels: \'grows{a="1"}\', value: 7.1'],
    ['a sample too few', '[{ labels: \'grows{a="1"}\', value: 10 }]', '[]'],
    [
      'a sample too many',
      'eval_time: 2m30s, exp_samples: []',
      'eval_time: 2m30s, exp_samples: [{ labels: ends, value: 1 }]',
    ],
    ['the order of the groups', '[recording, readers]', '[readers, recording]'],
  ])('fails on both: %s', (_, right, wrong) => {
    const text = readFileSync(OWN, 'utf8');
    expect(text).toContain(right);
    const path = join(folder, 'broken.yml');
    writeFileSync(path, text.replace(right, wrong));
    expect(runUnitTestFile(path, { generation: 2 })).not.toEqual([]);
    if (hasPromtool) expect(promtool(path).status).toBe(1);
  });
});

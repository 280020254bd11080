// Versions that no Python of the config runs, with a uv that only lists.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pypiManager } from '../../../src/packages/pypi/pypi-manager.ts';
import { systemClock } from '../../../src/system/time/clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'uv '));
writeFileSync(
  join(folder, 'uv'),
  `#!/bin/sh
[ "$1" = --version ] && { echo 'uv 0.13.9'; exit; }
case "$3" in
  3.9*) echo 'cpython-3.9.20-linux-x86_64-gnu    /usr/bin/python3.9' ;;
  3.13t) echo 'cpython-3.13.1+freethreaded-linux-x86_64-gnu    <download available>' ;;
  '>=3.10' | 3.12) echo 'cpython-3.12.16-linux-x86_64-gnu    /usr/bin/python3.12 -> python3.12'
    echo 'pypy-3.11.15-linux-x86_64-gnu       <download available>' ;;
esac
`,
);
chmodSync(join(folder, 'uv'), 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

function refusal(engine: string, runtime?: string): Promise<string | null> {
  const environment = { PATH: `${folder}:/usr/bin:/bin` };
  const signal = new AbortController().signal;
  const run = { environment, signal, clock: systemClock, timeout: 20_000 };
  return pypiManager.runtimeRefuses(engine, runtime === undefined ? run : { ...run, runtime });
}

describe('what a version needs of Python', () => {
  it.each([
    ['>=3.10', undefined],
    ['>=3.10', '3.12'],
    ['>=3.11,<3.12', '3.12'],
    ['>=3.13', '3.13t'],
    ['>=3.8', '3.9'],
  ])('%s is there with python: %s', async (engine, runtime) => {
    expect(await refusal(engine, runtime)).toBeNull();
  });

  it.each([
    ['>=3.99', undefined, 'it needs Python >=3.99, and there is none'],
    ['>=3.10', '3.9', 'it needs Python >=3.10, and python: "3.9" of the config is none'],
    ['>=3.13', '3.12', 'it needs Python >=3.13, and python: "3.12" of the config is none'],
    ['>=3.10', '3.14', 'it needs Python >=3.10, and python: "3.14" of the config is none'],
    ['never', '3.12', 'what it needs of Python cannot be understood'],
  ])('%s is not there with python: %s', async (engine, runtime, reason) => {
    expect(await refusal(engine, runtime)).toBe(reason);
  });
});

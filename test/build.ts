// Builds dist/ before the tests, unless it is newer than its sources: fixtures and end-to-end tests run what users run.
import { spawnSync } from 'node:child_process';

export function setup(): void {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/build.mjs', '--if-older'], {
    encoding: 'utf8',
  });
  if (status !== 0 && process.env['CI'] !== undefined) throw new Error(`The build failed:\n${stdout}`);
}

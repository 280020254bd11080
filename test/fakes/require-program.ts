// Which programs a test needs: missing ones are skipped and counted by name, or fail where all are required.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

/**
 * True when `program` is on PATH. A missing one is reported to the closing summary of `npm test`;
 * with `MCP_WATCHDOG_TEST_REQUIRE=all` it is an error instead.
 */
export function requireProgram(program: string): boolean {
  return requireThat(program, spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0);
}

/** The same for anything else a machine may lack, such as the right to mount. */
export function requireThat(what: string, isThere: boolean): boolean {
  if (isThere) return true;
  if (process.env['MCP_WATCHDOG_TEST_REQUIRE'] === 'all')
    throw new Error(`This test needs ${what}, which this machine lacks`);
  reportMissing(what);
  return false;
}

/** Reports what no package of Linux brings, and what is therefore never required. */
export function reportMissing(what: string): void {
  const report = process.env['MCP_WATCHDOG_TEST_MISSING'];
  if (report !== undefined) appendFileSync(report, `${what}\n`);
}

// Alert log: one line per change, whatever its text.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAlertLog } from '../../src/notify/alert-log.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { AT, NASTY, tempFolder } from './fixtures.ts';

it('has one plain line for each alert that begins and ends', async () => {
  const path = join(tempFolder(), 'alerts.log');
  const log = openAlertLog({ path, clock: systemClock });
  const event = {
    kind: 'alert',
    at: AT,
    name: 'McpServerDown',
    about: 'files',
    severity: 'critical',
  } as const;
  log.write({ ...event, state: 'firing', summary: 'files is down' });
  log.write({ ...event, about: null, severity: 'warning', state: 'resolved', summary: 'all is well' });
  for (const summary of NASTY) log.write({ ...event, state: 'firing', summary });
  await log.close();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual([
    '2026-01-01T12:00:00.000Z firing critical McpServerDown files: files is down',
    '2026-01-01T12:00:00.000Z resolved warning McpServerDown watchdog: all is well',
  ]);
  expect(lines).toHaveLength(2 + NASTY.length);
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u202E]/u);
});

import { describe, expect, test } from 'vitest';
import { readServiceHome } from '../../../src/commands/shared/service.ts';
import { defineLaunchdJob } from '../../../src/service/launchd/job-definition.ts';
import { renderPlist } from '../../../src/service/launchd/plist.ts';
import { renderUnit } from '../../../src/service/systemd/unit-file.ts';

const HOMES = [
  '/home/me/.mcp-watchdog',
  '/home/a b/&<>',
  '/home/100%/x',
  String.raw`/home/"q"\back/x`,
  '/home/$HOME/x',
];

describe.each(HOMES)('homeIn() reads %s', (home) => {
  const plan = { node: '/usr/bin/node', program: '/cli.js', home, userHome: '/home/me', path: ['/usr/bin'] };

  test('from a property list', () => {
    expect(readServiceHome(renderPlist(defineLaunchdJob(plan, 'x')))).toBe(home);
  });

  test('from a unit', () => {
    expect(readServiceHome(renderUnit(plan, 'x.service'))).toBe(home);
  });
});

test('homeIn() finds none in the file of somebody else', () => {
  expect(readServiceHome('<plist><dict><key>Label</key><string>x</string></dict></plist>')).toBeNull();
  expect(readServiceHome('[Service]\nExecStart=/bin/true\n')).toBeNull();
});

import { expect, it } from 'vitest';
import { inactiveKeyLines } from '../../../src/commands/shared/inactive-keys.ts';

it('names keys that are not active yet, and says nothing without any', () => {
  expect(inactiveKeyLines(['servers.a.x', 'servers.b.x'])).toEqual([
    'Not active yet in this release: servers.a.x, servers.b.x',
  ]);
  expect(inactiveKeyLines([])).toEqual([]);
});

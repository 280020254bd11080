// Approval of tool definitions over restarts, updates and other programs.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { definitionsOf } from '../../../src/core/gateway/tool-definitions.ts';
import { createToolApprovals } from '../../../src/daemon/gateway/approved-tools.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const seen = (description: string, { program = 'npx a', version = null as string | null } = {}) => ({
  program,
  version,
  definitions: definitionsOf(null, [{ name: 'read', description }]),
});

function folder(): string {
  return join(missingHome().home, 'approved');
}

it('approves a first look, tells a later change until it is approved, also after a restart', () => {
  const path = folder();
  const first = createToolApprovals(path);
  expect(first.look('s', seen('one'))).toEqual({ changes: [], ours: [] });
  expect(statSync(join(path, 's.json')).mode & 0o777).toBe(0o600);
  const later = createToolApprovals(path);
  const changes = [{ tool: 'read', parts: ['description'] }];
  expect(later.look('s', seen('two')).changes).toEqual(changes);
  expect(later.show('s')).toEqual([{ tool: 'read', part: 'description', before: '"one"', after: '"two"' }]);
  expect(createToolApprovals(path).look('s', seen('two')).changes).toEqual(changes);
  expect(later.approve('s')).toBe(1);
  expect(later.show('s')).toEqual([]);
  expect(later.look('s', seen('two')).changes).toEqual([]);
});

it('takes a change that came with a version that we installed', () => {
  const approvals = createToolApprovals(folder());
  approvals.look('s', seen('one', { version: '1.0.0' }));
  expect(approvals.look('s', seen('two', { version: '1.1.0' }))).toEqual({
    changes: [],
    ours: [{ tool: 'read', parts: ['description'] }],
  });
  expect(approvals.look('s', seen('three', { version: '1.1.0' })).changes).toHaveLength(1);
});

it('begins anew with another program, and after a file that is damaged', () => {
  const path = folder();
  const approvals = createToolApprovals(path);
  approvals.look('s', seen('one'));
  expect(approvals.look('s', seen('two', { program: 'npx b' })).changes).toEqual([]);
  writeFileSync(join(path, 's.json'), '{"program":');
  expect(approvals.look('s', seen('three', { program: 'npx b' })).changes).toEqual([]);
});

it('approves nothing that nobody has seen', () => {
  const approvals = createToolApprovals(folder());
  expect(approvals.approve('s')).toBe(0);
  approvals.look('s', seen('one'));
  expect(approvals.approve('s')).toBe(0);
});

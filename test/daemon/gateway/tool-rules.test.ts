// What clients may do with the tools of a server, by the rules of the config and the hints of the server.
import { expect, it } from 'vitest';
import { createAccessReader } from '../../../src/daemon/gateway/tool-rules.ts';
import type { GatewayPolicy } from '../../../src/core/model/gateway-policy.ts';
import type { Tool } from '../../../src/core/tools/tool-diff.ts';
import { specOf } from '../../fakes/spec.ts';

const TOOLS: readonly Tool[] = [
  { name: 'read', inputSchema: {}, hints: { readOnly: true } },
  { name: 'set', inputSchema: {}, hints: { readOnly: false, destructive: false, idempotent: true } },
  { name: 'drop_table', inputSchema: {}, hints: { destructive: true, idempotent: true } },
  { name: 'unsaid', inputSchema: {} },
];

function accessWith(gateway: Partial<GatewayPolicy>, changed: readonly string[] = [], enabled = true) {
  const spec = specOf({ enabled });
  const accessOf = createAccessReader(
    { enabled, gateway: { ...spec.gateway, ...gateway } },
    TOOLS,
    new Set(changed),
  );
  return Object.fromEntries(
    TOOLS.map(({ name }) => {
      const access = accessOf(name);
      return [
        name,
        access === null ? null : `${access.deniedBy ?? 'allowed'}${access.isRepeated ? ', repeated' : ''}`,
      ];
    }),
  );
}

const ALL = { allow: ['*'], deny: [], readOnly: false };

it('is open to all, and repeats what says that it may be', () => {
  expect(accessWith({})).toEqual({
    read: 'allowed, repeated',
    set: 'allowed, repeated',
    drop_table: 'allowed',
    unsaid: 'allowed',
  });
});

it('names the rule that keeps clients from a tool', () => {
  expect(accessWith({ tools: { ...ALL, deny: ['drop_*', 'read'] } })).toMatchObject({
    read: 'tools.deny',
    drop_table: 'tools.deny',
    unsaid: 'allowed',
  });
  expect(accessWith({ tools: { ...ALL, allow: ['read', 'drop_*'], deny: ['drop_*'] } })).toEqual({
    read: 'allowed, repeated',
    set: 'tools.allow',
    drop_table: 'tools.deny',
    unsaid: 'tools.allow',
  });
  expect(accessWith({ tools: { ...ALL, readOnly: true } })).toEqual({
    read: 'allowed, repeated',
    set: 'tools.readOnly',
    drop_table: 'tools.readOnly',
    unsaid: 'tools.readOnly',
  });
});

it('does not trust the hints of a tool that changed', () => {
  expect(accessWith({ tools: { ...ALL, readOnly: true } }, ['read'])['read']).toBe('tools.readOnly');
  expect(accessWith({}, ['read'])['read']).toBe('allowed');
});

it('says nothing where clients do not reach the server', () => {
  const none = { read: null, set: null, drop_table: null, unsaid: null };
  expect(accessWith({ mode: 'off' })).toEqual(none);
  expect(accessWith({}, [], false)).toEqual(none);
});

// Lists of tools that are an answer, and that clients refuse: no miss, but a remark.
import { afterEach, expect, it } from 'vitest';
import type { PeerInfo } from '../../../src/wire/handshake.ts';
import type { McpTransport } from '../../../src/wire/mcp-transport.ts';
import { probeList } from '../../../src/probes/tools/list-probe.ts';
import type { ServerCondition } from '../../../src/core/model/vocabulary.ts';
import { DEFAULT_SPEC } from '../../fakes/spec.ts';
import { deadline } from '../session.ts';

const PEER: PeerInfo = {
  handshake: { era: 'legacy', protocolVersion: '2025-11-25', serverName: null, serverVersion: null },
  capabilities: { tools: {} },
  result: {},
};
const remarks = new Map<ServerCondition, string | null>();
afterEach(() => remarks.clear());

/** Probes a server whose `tools/list` is answered with `outcome`. */
async function probe(
  outcome: Awaited<ReturnType<McpTransport['call']>>,
  expected: readonly string[] | null = null,
) {
  const transport: McpTransport = {
    peer: PEER,
    connect: async () => ({ kind: 'connected', peer: PEER }),
    renew: async () => ({ kind: 'keep' }),
    call: async () => outcome,
    close: async () => {},
  };
  const onCondition = (condition: ServerCondition, message: string | null) =>
    void remarks.set(condition, message);
  const expect = { ...DEFAULT_SPEC.expect, tools: expected };
  return (await probeList(transport, { expect, onCondition }, deadline())).result;
}

const listed = (tools: unknown) =>
  ({
    kind: 'response',
    response: { kind: 'result', id: 'wd:1:1', result: { tools } },
  }) as const;

it.each([
  [null, 'its tools/list holds no array `tools`, so that many clients refuse the whole list'],
  [
    [{ name: 'a', inputSchema: { type: 'object' } }, { name: 'b' }],
    'its tools/list has an entry without a name or an inputSchema of type object, so that many clients refuse the whole list: entry 2, {"name":"b"}',
  ],
  [[null], 'so that many clients refuse the whole list: entry 1, null'],
])('is remarked: %j', async (tools, remark) => {
  expect(await probe(listed(tools))).toMatchObject({ outcome: 'passed' });
  expect(remarks.get('odd_list')).toContain(remark);
});

it('is no longer remarked once the list is right', async () => {
  await probe(listed(null));
  await probe(listed([{ name: 'a', inputSchema: { type: 'object' } }]));
  expect(remarks.get('odd_list')).toBeNull();
});

it('that is not read leaves open whether the tools are there that are expected', async () => {
  const detail = 'The answer to tools/list is longer than 4 MiB';
  const unread = { kind: 'failed', reason: 'protocol', detail, isUnread: true } as const;
  expect(await probe(unread)).toMatchObject({ outcome: 'passed' });
  expect(remarks.get('odd_list')).toContain(detail);
  expect(await probe(unread, ['a'])).toEqual({ outcome: 'inconclusive', detail });
});

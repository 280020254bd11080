import { afterEach, describe, expect, it } from 'vitest';
import type { ExpectPolicy } from '../../../src/core/model/server-spec.ts';
import { specOf } from '../../fakes/spec.ts';
import { startStdio, stopAll } from '../../fixtures/start.ts';
import { deadline, sessionOf } from '../session.ts';

afterEach(stopAll);

const passed = { outcome: 'passed', took: expect.any(Number), tools: 3 };

async function fullProbe(policy: Partial<ExpectPolicy>, args: readonly string[] = [], timeout = 5_000) {
  const server = startStdio(['--tools', '3', ...args]);
  const session = sessionOf(specOf({ expect: { tools: null, call: null, ...policy } }), server);
  await session.connect(deadline());
  const [attempt] = await session.probe('full', deadline(timeout));
  return { session, server, result: attempt?.result };
}

const call = { tool: 'tool-1', arguments: { query: 'x' } };

describe('what the config expects of the tools', () => {
  it.each([[['tool-0', 'tool-2']], [{ min: 3 }]])('is met by a server that lists %j', async (tools) => {
    expect((await fullProbe({ tools })).result).toEqual(passed);
  });

  it.each([
    [
      { tools: ['tool-0', 'search', 'fetch'] },
      [],
      'It does not list search, fetch, which expect.tools names: it has 3 tools',
    ],
    [{ tools: { min: 4 } }, [], 'It lists 3 tools, and expect.tools wants at least 4'],
    [{ tools: { min: 1 } }, ['--tools', '0'], 'It lists 0 tools, and expect.tools wants at least 1'],
    [
      { tools: { min: 1 } },
      ['--capabilities', 'none'],
      'The answer to tools/list was -32601 Method not found',
    ],
    [{ tools: { min: 1 } }, ['--behaviour', 'errors'], 'The answer to tools/list was -32603 Internal error'],
    [
      { call: { tool: 'search', arguments: {} } },
      [],
      'It does not list search, which expect.call is to call',
    ],
    [{ call }, ['--behaviour', 'call-error'], 'The call of tool-1 ended with an error: The quota is used up'],
    [{ call }, ['--behaviour', 'writing'], 'Its tool tool-1 says that it is not read-only'],
  ] as const)(
    'fails the full probe of a server that does not meet it: %j %j',
    async (policy, args, detail) => {
      expect((await fullProbe(policy, args)).result).toMatchObject({
        outcome: 'failed',
        reason: 'protocol',
        detail: expect.stringContaining(detail),
      });
    },
  );

  it('is asked of the server by a call with the arguments of the config', async () => {
    const { server, result } = await fullProbe({ call }, ['--behaviour', 'tell']);
    expect(result).toEqual(passed);
    expect(server.output()).toContain('got tools/call {"name":"tool-1","arguments":{"query":"x"}}');
  });

  it('fails as a timeout when the call is not answered', async () => {
    const { result } = await fullProbe({ call }, ['--behaviour', 'call-hangs'], 1_500);
    expect(result).toMatchObject({ reason: 'timeout', detail: 'No answer to tools/call within 1500 ms' });
  });

  it('is nothing by default: no call is made, and no tools are no failure', async () => {
    const { server, result } = await fullProbe({}, ['--behaviour', 'tell', '--tools', '0']);
    expect(result).toEqual({ ...passed, tools: 0 });
    expect(server.output()).not.toContain('tools/call');
  });
});

describe('a list that names the same next page again', () => {
  it('ends at once, is counted, and is remarked', async () => {
    const { session, server, result } = await fullProbe({}, ['--behaviour', 'cursor-repeats,tell']);
    expect(result).toEqual(passed);
    expect(server.output().match(/got tools\/list/gu)).toHaveLength(2);
    expect(session.remarks.get('cursor_repeats')).toContain('names a page again that it gave already');
  });

  it('is not remarked of one that ends', async () => {
    const { session } = await fullProbe({}, ['--behaviour', 'paged']);
    expect(session.remarks.get('cursor_repeats')).toBeNull();
  });
});

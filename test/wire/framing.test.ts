import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { FRAMING_FAULTS, type FramingFault } from '../../src/wire/framing.ts';
import { openConnection } from '../../src/wire/connection.ts';
import { startStdio, stopAll } from '../fixtures/start.ts';

afterEach(stopAll);

const never = new AbortController().signal;

function connectionTo(behaviour: string) {
  const faults: FramingFault[] = [];
  const { child } = startStdio(['--behaviour', behaviour, '--tools', '20']);
  const connection = openConnection(child, {
    run: 1,
    version: '0.0.0',
    onNonProtocolOutput: () => undefined,
    onFramingFault: (fault) => faults.push(fault),
  });
  return { connection, faults };
}

describe('an answer that is not one line of JSON', () => {
  it.each([
    ['lsp', 'lsp'],
    ['pretty', 'several-lines'],
    ['bom', 'byte-order-mark'],
    ['record-separator', 'control-character'],
    ['same-line', 'text-around'],
    ['no-version', 'no-version'],
  ] as const)('fails at once and is named: %s', async (behaviour, fault) => {
    const { connection, faults } = connectionTo(behaviour);
    expect(await connection.connect(never)).toEqual({
      kind: 'failed',
      reason: 'protocol',
      detail: `The server ${FRAMING_FAULTS[fault]}`,
    });
    expect(faults).toEqual([fault]);
    // The next one is recognised as well, whatever is left over of the first.
    expect(await connection.connect(never)).toMatchObject({ detail: `The server ${FRAMING_FAULTS[fault]}` });
  });

  it.each(['echo', 'noise', 'echo,noise'])(
    'is not seen where a server only logs what it was asked: %s',
    async (behaviour) => {
      const { connection, faults } = connectionTo(behaviour);
      expect(await connection.connect(never)).toMatchObject({ kind: 'connected' });
      expect(await connection.request('tools/list', {}, never)).toMatchObject({ kind: 'response' });
      expect(faults).toEqual([]);
    },
  );
});

// Each of these held the daemon for minutes: a search began anew at every quote, or every name of a header.
describe('output that imitates a message', () => {
  it.each([
    ['a string that never ends', `x{"${String.raw`\"`.repeat(120_000)} wd:1:1\n`],
    ['headers that never end', 'Content-Length: 1\n'.repeat(14_000)],
    ['objects that never end', `x${'{'.repeat(200_000)} wd:1:1\n`],
    ['a block that never ends', `{\n${'{"a":[\n'.repeat(30_000)}`],
  ])('costs no more time than it is long: %s', async (_name, output) => {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const connection = openConnection(
      { stdin, stdout },
      { run: 1, version: '0.0.0', onNonProtocolOutput: () => undefined },
    );
    const asked = connection.request('ping', undefined, never);
    stdout.write(`${output}\n{"jsonrpc":"2.0","id":"wd:1:1","result":{}}\n`);
    expect(await asked).toMatchObject({ kind: 'response' });
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, plainCall } from '../../src/commands/plain-call.ts';
import { createProgram } from '../../src/commands/program.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import { fakeIo } from '../fakes/io.ts';

/** What the parser makes of a command line; null for what it refuses or answers itself. */
async function parsed(argv: readonly string[]): Promise<Call | null> {
  let call: Call | null = null;
  const program = createProgram(fakeIo(), (one) => {
    call = one;
    return Promise.resolve();
  });
  await program.parseAsync(argv, { from: 'user' }).catch(() => {});
  return call;
}

const OPTIONS = COMMANDS.flatMap(({ options }) => options.flatMap(({ flags }) => flags.split(/, | /u)));
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...COMMANDS.map(({ name }) => name)) },
  { weight: 4, arbitrary: fc.constantFrom(...OPTIONS) },
  fc.constantFrom(
    '--home',
    '--home=/h',
    '--home=',
    '--no-color',
    '--color',
    '-V',
    '-h',
    '--help',
    'help',
    '--',
  ),
  fc.constantFrom('name', 'other', '', '-', '--x', '-wj', '--json=true', '--no-json', 'bash', '5'),
);

describe('plainCall', () => {
  it('reads what it reads as the parser does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
        const call = plainCall(argv);
        if (call !== null) expect(call).toEqual(await parsed(argv));
      }),
      { numRuns: 3000 },
    );
  });

  it.each(COMMANDS.map((spec) => [spec.name, spec] as const))(
    'reads each switch of %s',
    async (name, spec) => {
      const given = spec.arguments
        .filter(({ syntax }) => syntax.startsWith('<'))
        .map((_, index) => `a${index}`);
      if (spec.arguments.some(({ choices }) => choices !== undefined)) return;
      if (spec.options.some(({ flags }) => flags.startsWith('--no-'))) return;
      const switches = spec.options.map(({ flags }) => flags).filter((flags) => !/[<[]/u.test(flags));
      for (const flags of ['', ...switches.flatMap((one) => one.split(', '))]) {
        const argv = ['--home', '/h', name, ...(flags === '' ? [] : [flags]), ...given, '--no-color'];
        expect(plainCall(argv)).toEqual(await parsed(argv));
        expect(plainCall(argv)).toMatchObject({ home: '/h', color: false, arguments: given });
      }
    },
  );

  it.each([
    [[]],
    [['--help']],
    [['status', '--help']],
    [['status', '-wj']],
    [['status', 'a', 'b']],
    [['tools']],
    [['tools', '']],
    [['completion', 'bash']],
    [['logs', '-n', '5']],
    [['--json', 'status']],
    [['statu']],
    [['deploy']],
    [['status', '--', 'a']],
    [['status', '--home']],
    [['status', '--home=']],
    [['status', '--home', '--json']],
  ])('leaves %j to the parser', (argv) => {
    expect(plainCall(argv)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli.ts';
import { createProgram } from '../../src/commands/program.ts';
import { quickAnswer } from '../../src/commands/quick-answer.ts';
import { HELP_WIDTH } from '../../src/commands/top-help.ts';
import { fakeIo } from '../fakes/io.ts';

/** What the parser prints. */
async function parsed(argv: readonly string[], columns?: number): Promise<string> {
  const io = fakeIo(columns === undefined ? {} : { terminal: { columns, rows: 24 } });
  await createProgram(io, () => Promise.resolve())
    .parseAsync(argv, { from: 'user' })
    .catch(() => {});
  return io.stdout();
}

describe('quickAnswer', () => {
  it.each(['-h', '--help', 'help', '-V', '--version'])('%s: as the parser answers', async (word) => {
    // Another text: npm run generate.
    expect(quickAnswer([word], undefined)).toBe(await parsed([word]));
    expect(quickAnswer([word], HELP_WIDTH)).toBe(await parsed([word], HELP_WIDTH));
    expect(quickAnswer([word], 500)).toBe(await parsed([word], 500));
  });

  it('leaves a narrow terminal to the parser', async () => {
    expect(quickAnswer(['--help'], HELP_WIDTH - 1)).toBeNull();
    const io = fakeIo({ terminal: { columns: 60, rows: 24 } });
    expect(await runCli(['--help'], io)).toBe(0);
    expect(io.stdout()).toBe(await parsed(['--help'], 60));
  });

  it.each([[[]], [['--help', 'status']], [['status', '--help']], [['--version', '--json']], [['run']]])(
    'leaves %j to the parser',
    (argv) => expect(quickAnswer(argv, undefined)).toBeNull(),
  );
});

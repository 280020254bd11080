// Standard output of a command: lines for people, or one JSON value for programs.
import type { ViewOptions } from '../views/style.ts';
import { type CommandContext, sizeOf } from './command.ts';

/** Collects width, colour and time for a view. */
export function viewOptions({ io, colour }: CommandContext): ViewOptions {
  return { width: io.out.columns === undefined ? 160 : sizeOf(io.out).columns, colour, now: io.clock.now() };
}

export function printLines({ io }: CommandContext, lines: readonly string[]): void {
  io.out.write(lines.map((line) => `${line}\n`).join(''));
}

/** Prints the value indented by two, as every `--json` does that answers once. */
export function printJson(context: CommandContext, value: unknown): void {
  printLines(context, [JSON.stringify(value, null, 2)]);
}

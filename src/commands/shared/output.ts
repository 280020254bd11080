// Standard output of a command: lines for people, or JSON for programs.
import type { ViewOptions } from '../views/style.ts';
import { type CommandContext, sizeOf } from './command.ts';
import { success, toJson } from './json-output.ts';

/** Collects width, colour and time for a view. Without a terminal nothing is cut: whoever reads it decides what to leave out. */
export function viewOptions({ io, colour }: CommandContext): ViewOptions {
  return {
    width: io.out.columns === undefined ? Infinity : sizeOf(io.out).columns,
    colour,
    now: io.clock.now(),
  };
}

export function printLines({ io }: CommandContext, lines: readonly string[]): void {
  io.out.write(lines.map((line) => `${line}\n`).join(''));
}

/** Prints lines for people; nothing with `--json`, whose one answer comes at the end. */
export function say(context: CommandContext, lines: readonly string[]): void {
  if (context.flags.json !== true) printLines(context, lines);
}

/** Prints the data in its envelope, indented by two, as every `--json` does that answers once. */
export function printJson(context: CommandContext, data: unknown): void {
  printLines(context, [toJson(success(data), 2)]);
}

/** Prints one object of a stream on a line of its own, without an envelope. */
export function printJsonLine(context: CommandContext, value: object): void {
  printLines(context, [toJson(value)]);
}

/** Prints the data with `--json`, else the lines for people. */
export function printResult(context: CommandContext, data: unknown, lines: readonly string[]): void {
  if (context.flags.json === true) printJson(context, data);
  else printLines(context, lines);
}

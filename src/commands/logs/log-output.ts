// Output of `logs`: lines for people, one JSON document at the end, or one JSON object a line while it follows.
import type { CommandContext } from '../shared/command.ts';
import { printJson, printJsonLine, printLines } from '../shared/output.ts';
import { createLineWriter, lineData, type LineWriterOptions, type LogLine } from './log-lines.ts';

export interface LogOutput {
  print(lines: readonly LogLine[]): void;
  end(): void;
}

/** ms without another line after which repeats are told. */
const QUIET = 5000;

/** @param isStream new lines come until Ctrl-C */
export function createLogOutput(
  context: CommandContext,
  { names, isStream }: Pick<LineWriterOptions, 'names'> & { readonly isStream: boolean },
): LogOutput {
  if (context.flags.json === true) return isStream ? jsonStream(context) : jsonDocument(context);
  const writer = createLineWriter({ names, colour: context.colour });
  let cancel = (): void => {};

  function flush(): void {
    cancel();
    printSome(writer.flush());
  }

  function printSome(lines: readonly string[]): void {
    if (lines.length > 0) printLines(context, lines);
  }

  return {
    print(lines) {
      cancel();
      printSome(writer.write(lines));
      if (isStream) cancel = context.io.clock.after(QUIET, flush);
    },
    end: flush,
  };
}

function jsonDocument(context: CommandContext): LogOutput {
  const all: object[] = [];
  return {
    print: (lines) => void all.push(...lines.map(lineData)),
    end: () => printJson(context, { lines: all }),
  };
}

function jsonStream(context: CommandContext): LogOutput {
  return {
    print: (lines) => lines.forEach((line) => printJsonLine(context, lineData(line))),
    end: () => {},
  };
}

// `logs --all`: what every server printed and what the daemon says of itself, as one story.
import { neutralise } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import { formatLogLine } from '../../logs/format-log-line.ts';
import type { CommandContext } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { DAEMON, sortByTime, type LogLine, prefixNames } from './log-lines.ts';
import { printLines } from '../shared/output.ts';

/** One log file and whose it is. */
export interface LogSource {
  readonly name: string;
  readonly path: string;
}

interface Options {
  /** All logs there are, asked for again and again: servers come and go. */
  readonly sources: () => readonly LogSource[];
  /** Lines of all together to begin with. */
  readonly last: number;
}

/** ms in which lines of several logs are gathered, so that they come in the order in which they were written. */
const GATHER = 150;
/** ms between two looks for the log of a new server. */
const LOOK_EVERY = 1000;

export async function printAllLogs(context: CommandContext, { sources, last }: Options): Promise<void> {
  const { readLastLines } = await import('../../system/files/tail.ts');
  const found = sources();
  const lines = await Promise.all(
    found.map(async ({ name, path }) => {
      return (await readLastLines(path, last)).map((line) => toLine(name, line));
    }),
  );
  print(context, lastOf(sortByTime(lines.flat()), last), namesOf(found));
}

/** Until Ctrl-C. */
export async function followAllLogs(context: CommandContext, { sources, last }: Options): Promise<void> {
  const { followLines } = await import('../../logs/follow-log.ts');
  const { clock } = context.io;
  const { signal, release } = interruptSignal(context.io);
  const gathered = gatherLines(context, { sources, last });
  const following = new Map<string, Promise<void>>();

  async function follow({ name, path }: LogSource, count: number): Promise<void> {
    for await (const line of followLines(path, { last: count, signal, clock }))
      gathered.add(toLine(name, line));
  }

  function followNew(count: number): void {
    for (const source of sources()) {
      if (following.has(source.name)) continue;
      const ended = follow(source, count).catch((error: unknown) =>
        gathered.add(toLine(source.name, `cannot be read any more: ${messageOf(error)}`)),
      );
      following.set(source.name, ended);
    }
  }

  try {
    followNew(last);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      // Whoever is new is shown from its first line.
      const look = (): void => {
        if (signal.aborted) return;
        followNew(Number.MAX_SAFE_INTEGER);
        clock.after(LOOK_EVERY, look);
      };
      clock.after(LOOK_EVERY, look);
    });
    await Promise.all(following.values());
  } finally {
    gathered.flush();
    release();
  }
}

function gatherLines(context: CommandContext, { sources, last }: Options) {
  let waiting: LogLine[] = [];
  let isFirst = true;
  let cancel: (() => void) | null = null;

  function flush(): void {
    cancel?.();
    cancel = null;
    const lines = sortByTime(waiting);
    waiting = [];
    if (lines.length > 0) print(context, isFirst ? lastOf(lines, last) : lines, namesOf(sources()));
    isFirst = false;
  }

  return {
    flush,
    add(line: LogLine) {
      waiting.push(line);
      cancel ??= context.io.clock.after(GATHER, flush);
    },
  };
}

function lastOf(lines: readonly LogLine[], count: number): readonly LogLine[] {
  return count === 0 ? [] : lines.slice(-count);
}

function toLine(name: string, line: string): LogLine {
  return { name, text: name === DAEMON ? formatLogLine(line) : neutralise(line) };
}

function namesOf(sources: readonly LogSource[]): string[] {
  return sources.map(({ name }) => name).filter((name) => name !== DAEMON);
}

function print(context: CommandContext, lines: readonly LogLine[], names: readonly string[]): void {
  printLines(context, prefixNames(lines, { names, colour: context.colour }));
}

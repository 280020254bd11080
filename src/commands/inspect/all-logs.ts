// Command `logs --all`: the logs of the daemon and of every server, merged by time.
import { neutralise } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import { formatLogLine } from '../../logs/format-log-line.ts';
import type { CommandContext } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { DAEMON, sortByTime, type LogLine, prefixNames } from './log-lines.ts';
import { printLines } from '../shared/output.ts';

/** One log file and the name of its writer. */
export interface LogSource {
  readonly name: string;
  readonly path: string;
}

interface Options {
  /** Lists all logs; called again and again, because servers come and go. */
  readonly sources: () => readonly LogSource[];
  /** Number of lines to begin with, over all logs together. */
  readonly last: number;
}

/** ms in which lines of several logs are collected, so that they can be sorted by time. */
const COLLECT_TIME = 150;
/** ms between two searches for the logs of new servers. */
const SEARCH_INTERVAL = 1000;

/** Prints the last lines of all logs. */
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

/** Prints the last lines and then every new one, until Ctrl-C. */
export async function followAllLogs(context: CommandContext, { sources, last }: Options): Promise<void> {
  const { followLines } = await import('../../logs/follow-log.ts');
  const { clock } = context.io;
  const { signal, release } = interruptSignal(context.io);
  const collector = createLineCollector(context, { sources, last });
  const following = new Map<string, Promise<void>>();

  async function follow({ name, path }: LogSource, count: number): Promise<void> {
    for await (const line of followLines(path, { last: count, signal, clock }))
      collector.add(toLine(name, line));
  }

  function followNew(count: number): void {
    for (const source of sources()) {
      if (following.has(source.name)) continue;
      const ended = follow(source, count).catch((error: unknown) =>
        collector.add(toLine(source.name, `can no longer be read: ${messageOf(error)}`)),
      );
      following.set(source.name, ended);
    }
  }

  try {
    followNew(last);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      // A log that is new is shown from its first line.
      const search = (): void => {
        if (signal.aborted) return;
        followNew(Number.MAX_SAFE_INTEGER);
        clock.after(SEARCH_INTERVAL, search);
      };
      clock.after(SEARCH_INTERVAL, search);
    });
    await Promise.all(following.values());
  } finally {
    collector.flush();
    release();
  }
}

function createLineCollector(context: CommandContext, { sources, last }: Options) {
  let waiting: LogLine[] = [];
  let isFirstFlush = true;
  let cancel: (() => void) | null = null;

  function flush(): void {
    cancel?.();
    cancel = null;
    const lines = sortByTime(waiting);
    waiting = [];
    if (lines.length > 0) print(context, isFirstFlush ? lastOf(lines, last) : lines, namesOf(sources()));
    isFirstFlush = false;
  }

  return {
    flush,
    add(line: LogLine) {
      waiting.push(line);
      cancel ??= context.io.clock.after(COLLECT_TIME, flush);
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

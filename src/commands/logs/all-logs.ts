// Command `logs --all`: the logs of the daemon and of every server, merged by time.
import { messageOf } from '../../core/base/guards.ts';
import type { CommandContext } from '../shared/command.ts';
import { outputSignal } from '../shared/interrupt.ts';
import { createLogOutput, type LogOutput } from './log-output.ts';
import { DAEMON, type LogLine, sortByTime, toLogLine } from './log-lines.ts';
import { createSelector, type LogQuery, selectLines } from './log-query.ts';

/** One log file and the name of its writer. */
export interface LogSource {
  readonly name: string;
  readonly path: string;
}

interface Options {
  /** Lists all logs; called again and again, because servers come and go. */
  readonly sources: () => readonly LogSource[];
  /** Its number of lines is that of all logs together. */
  readonly query: LogQuery;
}

/** ms in which lines of several logs are collected, so that they can be sorted by time. */
const COLLECT_TIME = 150;
/** ms between two searches for the logs of new servers. */
const SEARCH_INTERVAL = 1000;

/** Prints the last lines of all logs. */
export async function printAllLogs(context: CommandContext, { sources, query }: Options): Promise<void> {
  const found = await Promise.all(sources().map((source) => selectLines(source, query)));
  const output = createLogOutput(context, { names: () => namesOf(sources()), isStream: false });
  output.print(lastOf(sortByTime(found.flatMap(({ lines }) => lines)), query.last));
  output.end();
}

/** Prints the last lines and then every new one, until Ctrl-C. */
export async function followAllLogs(context: CommandContext, { sources, query }: Options): Promise<void> {
  const { followLines } = await import('../../logs/follow-log.ts');
  const { clock } = context.io;
  const { signal, release } = outputSignal(context.io);
  const output = createLogOutput(context, { names: () => namesOf(sources()), isStream: true });
  const collector = createLineCollector(context, output, query.last);
  const following = new Map<string, Promise<void>>();

  async function follow(source: LogSource, isNew: boolean): Promise<void> {
    const { name, path } = source;
    // A log that is new is shown from its first line.
    const last = isNew ? Number.MAX_SAFE_INTEGER : (await selectLines(source, query)).reach;
    const isWanted = createSelector(query);
    for await (const text of followLines(path, { last, signal, clock })) {
      const line = toLogLine(name, text);
      if (isWanted(line)) collector.add(line);
    }
  }

  function followNew(isNew: boolean): void {
    for (const source of sources()) {
      if (following.has(source.name)) continue;
      const ended = follow(source, isNew).catch((error: unknown) =>
        collector.add(toLogLine(source.name, `can no longer be read: ${messageOf(error)}`)),
      );
      following.set(source.name, ended);
    }
  }

  try {
    followNew(false);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      const search = (): void => {
        if (signal.aborted) return;
        followNew(true);
        clock.after(SEARCH_INTERVAL, search);
      };
      clock.after(SEARCH_INTERVAL, search);
    });
    await Promise.all(following.values());
  } finally {
    collector.flush();
    output.end();
    release();
  }
}

function createLineCollector(context: CommandContext, output: LogOutput, last: number) {
  let waiting: LogLine[] = [];
  let isFirstFlush = true;
  let cancel: (() => void) | null = null;

  function flush(): void {
    cancel?.();
    cancel = null;
    const lines = sortByTime(waiting);
    waiting = [];
    output.print(isFirstFlush ? lastOf(lines, last) : lines);
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

function namesOf(sources: readonly LogSource[]): string[] {
  return sources.map(({ name }) => name).filter((name) => name !== DAEMON);
}

// Command `logs [name] [--all] [-f] [-n N]`: the output of a server, or the log of the daemon.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { neutralise } from '../../core/base/text.ts';
import type { Paths } from '../../system/files/paths.ts';
import { formatLogLine } from '../../logs/format-log-line.ts';
import { followAllLogs, printAllLogs, type LogSource } from './all-logs.ts';
import type { CommandContext } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { DAEMON } from './log-lines.ts';
import { printLines } from '../shared/output.ts';

const DEFAULT_LINES = 50;

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags } = context;
  const [name] = context.arguments;
  if (flags.all === true) return await all(context, name);
  const path = name === undefined ? paths.watchdogLog : serverLog(paths, name);
  const isFollowed = flags.follow === true;
  if (!isFollowed && !existsSync(path)) throw noLog(path, name);
  const write = name === undefined ? formatLogLine : neutralise;
  const last = flags.lines ?? DEFAULT_LINES;
  if (isFollowed) await follow(context, { path, last, write });
  else {
    const { readLastLines } = await import('../../system/files/tail.ts');
    printLines(context, (await readLastLines(path, last)).map(write));
  }
  return 0;
}

async function all(context: CommandContext, name: string | undefined): Promise<number> {
  if (name !== undefined) {
    throw new WatchdogError('USAGE', `Cannot show all logs and only that of "${name}"`, {
      hint: 'Leave out --all, or the name',
    });
  }
  const { paths, flags } = context;
  const sources = (): LogSource[] => [
    { name: DAEMON, path: paths.watchdogLog },
    ...namesIn(paths).map((server) => ({ name: server, path: join(paths.serverLogs, `${server}.log`) })),
  ];
  const options = { sources, last: flags.lines ?? DEFAULT_LINES };
  if (flags.follow === true) await followAllLogs(context, options);
  else if (sources().some(({ path }) => existsSync(path))) await printAllLogs(context, options);
  else throw noLog(paths.watchdogLog, undefined);
  return 0;
}

async function follow(
  context: CommandContext,
  { path, last, write }: { path: string; last: number; write: (line: string) => string },
): Promise<void> {
  const { followLines } = await import('../../logs/follow-log.ts');
  const { signal, release } = interruptSignal(context.io);
  try {
    for await (const line of followLines(path, { last, signal, clock: context.io.clock })) {
      printLines(context, [write(line)]);
    }
  } finally {
    release();
  }
}

function serverLog(paths: Paths, name: string): string {
  // The name becomes part of a path, so it must not leave the folder.
  if (basename(name) !== name || name === '..' || name === '.') throw unknownLog(paths, name);
  const path = join(paths.serverLogs, `${name}.log`);
  const isConfigured = existsSync(path) || existsSync(join(paths.servers, name));
  const known = namesIn(paths);
  if (!isConfigured && known.length > 0 && !known.includes(name)) throw unknownLog(paths, name);
  return path;
}

function unknownLog(paths: Paths, name: string): WatchdogError {
  const known = namesIn(paths);
  const guess = suggestSpelling(name, known);
  const others = known.length === 0 ? 'No server has written anything yet' : `Logs: ${known.join(', ')}`;
  return new WatchdogError('UNKNOWN_SERVER', `Cannot show the log of "${name}": there is none`, {
    hint: guess === null ? others : `Did you mean ${guess}?`,
  });
}

function namesIn({ serverLogs }: Paths): string[] {
  if (!existsSync(serverLogs)) return [];
  return readdirSync(serverLogs)
    .filter((file) => file.endsWith('.log'))
    .map((file) => file.slice(0, -'.log'.length));
}

function noLog(path: string, name: string | undefined): WatchdogError {
  const whose = name === undefined ? 'the daemon' : `"${name}"`;
  return new WatchdogError('UNKNOWN_SERVER', `Cannot show the log of ${whose}: there is no ${path} yet`, {
    hint: 'It is written once the daemon runs: mcp-watchdog start; -f waits for it',
  });
}

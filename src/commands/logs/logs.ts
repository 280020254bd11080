// Command `logs [name] [--all] [-f] [-n N] [--since WHEN] [--grep PATTERN]`: the output of a server, or the log of the daemon.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import type { Paths } from '../../system/files/paths.ts';
import { followAllLogs, printAllLogs, type LogSource } from './all-logs.ts';
import type { CommandContext } from '../shared/command.ts';
import { outputSignal } from '../shared/interrupt.ts';
import { DAEMON, toLogLine } from './log-lines.ts';
import { createLogOutput } from './log-output.ts';
import { createSelector, type LogQuery, readQuery, selectLines } from './log-query.ts';

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags, io } = context;
  const [name] = context.arguments;
  const query = readQuery(flags, io.clock.now());
  if (flags.all === true) return await all(context, name, query);
  const path = name === undefined ? paths.watchdogLog : serverLog(paths, name);
  const source = { name: name ?? DAEMON, path };
  if (flags.follow === true) return await follow(context, source, query);
  if (!existsSync(path)) throw noLog(path, name);
  const { lines } = await selectLines(source, query);
  const output = createLogOutput(context, { names: null, isStream: false });
  output.print(lines);
  output.end();
  return 0;
}

async function all(context: CommandContext, name: string | undefined, query: LogQuery): Promise<number> {
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
  const options = { sources, query };
  if (flags.follow === true) await followAllLogs(context, options);
  else if (sources().some(({ path }) => existsSync(path))) await printAllLogs(context, options);
  else throw noLog(paths.watchdogLog, undefined);
  return 0;
}

async function follow(context: CommandContext, source: LogSource, query: LogQuery): Promise<number> {
  const { followLines } = await import('../../logs/follow-log.ts');
  const { signal, release } = outputSignal(context.io);
  const { clock } = context.io;
  const output = createLogOutput(context, { names: null, isStream: true });
  const isWanted = createSelector(query);
  try {
    const { reach } = await selectLines(source, query);
    for await (const text of followLines(source.path, { last: reach, signal, clock })) {
      const line = toLogLine(source.name, text);
      if (isWanted(line)) output.print([line]);
    }
  } finally {
    output.end();
    release();
  }
  return 0;
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

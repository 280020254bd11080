// How named servers are started, stopped and restarted through the daemon, and when that is really done.
import type { Client } from '../../control/client.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import type { CommandContext } from '../shared/command.ts';
import { printLines } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';

// The longest grace and the slowest install that are still worth waiting for.
const TIMEOUT = 300_000;

/** @throws WatchdogError UNKNOWN_SERVER before anything is asked */
export function stopServers(context: CommandContext): Promise<number> {
  return withDaemon(context, async (daemon) => {
    const before = await named(context, daemon);
    const names = before.map(({ name }) => name);
    await daemon.request('stop', { names }, { timeout: TIMEOUT });
    printLines(context, [`Stopped ${names.join(', ')}`]);
    return 0;
  });
}

/**
 * Waits until every one of them runs.
 *
 * @throws WatchdogError UNKNOWN_SERVER before anything is asked, CONTROL_FAILED when one did not come up
 */
export function startServers(context: CommandContext, method: 'start' | 'restart'): Promise<number> {
  return withDaemon(context, async (daemon) => {
    const before = await named(context, daemon);
    await daemon.request(method, { names: before.map(({ name }) => name) }, { timeout: TIMEOUT });
    const after = await settled(context, (server) => {
      const old = before.find(({ name }) => name === server.name);
      return old === undefined || hasSettled(server, old, method);
    });
    const own = after.servers.filter(({ name }) => before.some((old) => old.name === name));
    const isUp = ({ state }: ServerStatus) => state === 'running';
    printLines(
      context,
      own.filter(isUp).map(({ name, pid }) => `${name} runs, pid ${pid ?? '?'}`),
    );
    const failed = own.find((server) => !isUp(server));
    if (failed !== undefined) throw notUp(failed, method, context.io.clock.now());
    return 0;
  });
}

async function named(context: CommandContext, daemon: Client): Promise<ServerStatus[]> {
  const status = await daemon.request('status', {});
  return [...new Set(context.arguments)].map((name) => pickServer(status, name));
}

/** Whether what was asked has come to an end, good or bad, since `old`. */
function hasSettled(server: ServerStatus, old: ServerStatus, method: 'start' | 'restart'): boolean {
  const isAtRest = !['starting', 'stopping'].includes(server.state);
  // One that was up or coming up is not started once more.
  const wasUp = method === 'start' && ['starting', 'running'].includes(old.state);
  return isAtRest && (wasUp || server.run > old.run);
}

/** The first status in which all servers have settled. A second connection: watching uses one up. */
function settled(context: CommandContext, isSettled: (server: ServerStatus) => boolean): Promise<Status> {
  const { clock } = context.io;
  return withDaemon(context, async (daemon) => {
    const stop = new AbortController();
    const cancel = clock.after(TIMEOUT, () => stop.abort());
    let last: Status | null = null;
    const tellWaiting = progressTeller(context);
    await daemon.watch((status) => {
      last = status;
      const left = status.servers.filter((server) => !isSettled(server));
      if (left.length === 0) stop.abort();
      else tellWaiting(left);
    }, stop.signal);
    tellWaiting([]);
    cancel();
    return last ?? (await withDaemon(context, (again) => again.request('status', {})));
  });
}

/** Ms for which nothing need be said. */
const QUIET = 1000;

/**
 * On a terminal says what is waited for, a dependency or an install for instance, each thing once. To be told who is
 * left after each change, and in the end that nobody is.
 */
function progressTeller(context: CommandContext): (left: readonly ServerStatus[]) => void {
  const { out, clock } = context.io;
  if (out.isTTY !== true) return () => {};
  const told = new Set<string>();
  let left: readonly ServerStatus[] = [];
  let isPatient = true;
  const cancel = clock.after(QUIET, () => {
    isPatient = false;
    tell();
  });

  function tell(): void {
    const lines = left.map((server) => `${server.name}: ${server.note ?? stateLabel(server)}`);
    const news = lines.filter((line) => !told.has(line));
    for (const line of news) told.add(line);
    if (news.length > 0) printLines(context, news);
  }

  return (servers) => {
    left = servers;
    if (left.length === 0) cancel();
    else if (!isPatient) tell();
  };
}

function notUp(server: ServerStatus, method: string, now: number): WatchdogError {
  const { name, lastFailure } = server;
  const why =
    lastFailure?.message.replace(/^Cannot start it: /u, '') ??
    `it is ${stateLabel(server)}, ${statusSummary(server, now)}`;
  return new WatchdogError('CONTROL_FAILED', `Cannot ${method} "${name}": ${why}`, {
    hint: lastFailure?.hint ?? `See mcp-watchdog logs ${name}`,
  });
}

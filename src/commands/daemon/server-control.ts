// Start, stop and restart of named servers through the daemon, each awaited until it has really happened.
import type { Client } from '../../control/client.ts';
import type { Unsaved } from '../../control/protocol.ts';
import type { WatchdogError } from '../../core/base/errors.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { cureOfUnsaved } from '../../core/status/troubles.ts';
import { statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import type { CommandContext } from '../shared/command.ts';
import { DetailedError } from '../shared/json-output.ts';
import { printJson, printLines, printResult, say } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';

/** ms. Covers the longest grace period and a slow installation. */
const TIMEOUT = 300_000;

/** Stops servers and waits until they are down. @throws WatchdogError UNKNOWN_SERVER before anything is stopped */
export function stopServers(context: CommandContext): Promise<number> {
  return withDaemon(context, async (daemon) => {
    const before = await findServers(context, daemon);
    const names = before.map(({ name }) => name);
    const unsaved = await daemon.request('stop', { names }, { timeout: TIMEOUT });
    const servers = names.map((name) => ({ name, state: 'stopped', pid: null }));
    printResult(context, { servers, ...unsaved }, [`Stopped ${names.join(', ')}`]);
    warnOfUnsaved(context, unsaved);
    return 0;
  });
}

/**
 * Starts or restarts servers and waits until every one of them runs.
 *
 * @throws WatchdogError UNKNOWN_SERVER before anything is started, CONTROL_FAILED when one does not come up
 */
export function startServers(context: CommandContext, method: 'start' | 'restart'): Promise<number> {
  return withDaemon(context, async (daemon) => {
    const before = await findServers(context, daemon);
    const names = before.map(({ name }) => name);
    const unsaved = await daemon.request(method, { names }, { timeout: TIMEOUT });
    const after = await waitUntilSettled(context, (server) => {
      const old = before.find(({ name }) => name === server.name);
      return old === undefined || hasSettled(server, old, method);
    });
    const own = after.servers.filter(({ name }) => before.some((old) => old.name === name));
    const isUp = ({ state }: ServerStatus) => state === 'running';
    say(
      context,
      own.filter(isUp).map(({ name, pid }) => `${name} runs, pid ${pid ?? '?'}`),
    );
    const servers = own.map(({ name, state, pid }) => ({ name, state, pid }));
    const failed = own.find((server) => !isUp(server));
    warnOfUnsaved(context, unsaved);
    if (failed !== undefined)
      throw startError(failed, { method, details: { servers, ...unsaved }, now: context.io.clock.now() });
    if (context.flags.json === true) printJson(context, { servers, ...unsaved });
    return 0;
  });
}

/** Says that a restart of the watchdog would undo it, unless its state can be saved before. */
function warnOfUnsaved({ io }: CommandContext, answer: Unsaved): void {
  if (answer === null) return;
  io.err.write(
    `warning: this will not survive a restart of the watchdog, which cannot save its state: ${answer.unsaved}\n` +
      `hint: it tries again by itself; ${cureOfUnsaved(answer.unsaved)}\n`,
  );
}

async function findServers(context: CommandContext, daemon: Client): Promise<ServerStatus[]> {
  const status = await daemon.request('status', {});
  return [...new Set(context.arguments)].map((name) => pickServer(status, name));
}

/** Tells whether the request has ended, well or badly, since the status `old`. */
function hasSettled(server: ServerStatus, old: ServerStatus, method: 'start' | 'restart'): boolean {
  const isAtRest = !['starting', 'stopping'].includes(server.state);
  // A server that was up or starting is not started again.
  const wasUp = method === 'start' && ['starting', 'running'].includes(old.state);
  return isAtRest && (wasUp || server.run > old.run);
}

/** Resolves to the first status in which all servers have settled. On a connection of its own: a watch occupies one. */
function waitUntilSettled(
  context: CommandContext,
  isSettled: (server: ServerStatus) => boolean,
): Promise<Status> {
  const { clock } = context.io;
  return withDaemon(context, async (daemon) => {
    const stop = new AbortController();
    const cancel = clock.after(TIMEOUT, () => stop.abort());
    let last: Status | null = null;
    const printProgress = createProgressPrinter(context);
    await daemon.watch((status) => {
      last = status;
      const left = status.servers.filter((server) => !isSettled(server));
      if (left.length === 0) stop.abort();
      else printProgress(left);
    }, stop.signal);
    printProgress([]);
    cancel();
    return last ?? (await withDaemon(context, (again) => again.request('status', {})));
  });
}

/** ms of waiting before progress is printed. */
const PROGRESS_DELAY = 1000;

/**
 * Prints on a terminal what is waited for, such as a dependency or an installation, each thing once. Call it with the
 * servers that are left after each change, and with none at the end.
 */
function createProgressPrinter(context: CommandContext): (left: readonly ServerStatus[]) => void {
  const { out, clock } = context.io;
  if (out.isTTY !== true || context.flags.json === true) return () => {};
  const printed = new Set<string>();
  let left: readonly ServerStatus[] = [];
  let isEarly = true;
  const cancel = clock.after(PROGRESS_DELAY, () => {
    isEarly = false;
    print();
  });

  function print(): void {
    const lines = left.map((server) => `${server.name}: ${server.note ?? stateLabel(server)}`);
    const added = lines.filter((line) => !printed.has(line));
    for (const line of added) printed.add(line);
    if (added.length > 0) printLines(context, added);
  }

  return (servers) => {
    left = servers;
    if (left.length === 0) cancel();
    else if (!isEarly) print();
  };
}

interface FailedStart {
  readonly method: string;
  /** Of all servers that were asked for. */
  readonly details: { readonly servers: readonly object[] };
  readonly now: number;
}

function startError(server: ServerStatus, { method, details, now }: FailedStart): WatchdogError {
  const { name, lastFailure } = server;
  const why =
    lastFailure?.message.replace(/^Cannot start it: /u, '') ??
    `it is ${stateLabel(server)}, ${statusSummary(server, now)}`;
  return new DetailedError('CONTROL_FAILED', `Cannot ${method} "${name}": ${why}`, {
    details,
    hint: lastFailure?.hint ?? `See mcp-watchdog logs ${name}`,
  });
}

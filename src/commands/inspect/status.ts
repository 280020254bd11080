// Command `status [name] [--json|--watch]`: the state of the servers. It loads what the one form needs that was asked for.
import type { Client } from '../../control/client.ts';
import type { Status } from '../../core/model/status.ts';
import { isHealthy, isStarting } from '../../core/status/health-summary.ts';
import type { CommandContext } from '../shared/command.ts';
import { outputSignal } from '../shared/interrupt.ts';
import { clientHints } from '../clients/client-hints.ts';
import { printJson, printJsonLine, printLines, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';
import { wrap } from '../views/style.ts';
import { statusTable } from '../views/status-table.ts';

export function run(context: CommandContext): Promise<number> {
  return withDaemon(context, async (daemon) => {
    if (context.flags.watch === true) return await watch(context, daemon);
    const status = selectServer(context, await daemon.request('status', {}));
    if (context.flags.json === true) printJson(context, await withProcesses(context, daemon, status));
    else {
      const clients = await clientsOf(context, daemon);
      const { width } = viewOptions(context);
      const hints = await clientHints(context, context.arguments[0] ?? null);
      printLines(context, [
        ...(await openView(context))(status),
        ...clients,
        ...(hints.length === 0 ? [] : ['', ...hints.flatMap((hint) => wrap(hint, width, HINT_LINES))]),
      ]);
    }
    // Without a config the servers are not known, so they cannot count as healthy.
    const isKnown = status.daemon.config.loadedAt !== null;
    return status.servers.every(isHealthy) && isKnown ? 0 : 1;
  });
}

/** Lines that a hint on one client takes at most. */
const HINT_LINES = 8;

/** Clients of the one server that is shown in detail, and what they call; nothing while none has come. */
async function clientsOf(context: CommandContext, daemon: Client): Promise<readonly string[]> {
  const [name] = context.arguments;
  if (name === undefined) return [];
  const { clientTraffic } = await import('./client-traffic.ts');
  return clientTraffic(await daemon.request('clients', { name }), viewOptions(context));
}

/** The one server that is asked for has its spare and the processes of sessions with it. */
async function withProcesses(
  { arguments: [name] }: CommandContext,
  daemon: Client,
  status: Status,
): Promise<object> {
  if (name === undefined) return status;
  const { beside } = await daemon.request('clients', { name });
  return { ...status, servers: status.servers.map((server) => ({ ...server, beside })) };
}

function selectServer({ arguments: [name], flags }: CommandContext, status: Status): Status {
  // With --watch a server may still appear once the daemon has read its config.
  const isTooEarly = flags.watch === true && status.servers.length === 0 && isStarting(status.daemon);
  return name === undefined || isTooEarly ? status : { ...status, servers: [pickServer(status, name)] };
}

type View = (status: Status) => string[];

/** Details of the one server that is asked for; else the table of all. */
async function openView(context: CommandContext): Promise<View> {
  const table: View = (status) => statusTable(status, viewOptions(context));
  if (context.arguments.length === 0) return table;
  const { serverDetail } = await import('./server-detail.ts');
  return (status) => {
    const [server] = status.servers;
    return server === undefined ? table(status) : serverDetail(server, viewOptions(context));
  };
}

async function watch(context: CommandContext, daemon: Client): Promise<number> {
  const { signal, release } = outputSignal(context.io);
  const output = await chooseOutput(context);
  try {
    await daemon.watch((status) => output.status(selectServer(context, status)), signal);
    return 0;
  } finally {
    output.end();
    release();
  }
}

interface StatusOutput {
  status(status: Status): void;
  end(): void;
}

async function chooseOutput(context: CommandContext): Promise<StatusOutput> {
  if (context.flags.json === true) {
    return { status: (status) => printJsonLine(context, status), end: () => {} };
  }
  if (context.io.out.isTTY === true) return await redrawing(context);
  const { createChangePrinter } = await import('./status-changes.ts');
  const changes = createChangePrinter();
  return { status: (status) => printLines(context, changes(status, viewOptions(context))), end: () => {} };
}

async function redrawing(context: CommandContext): Promise<StatusOutput> {
  const { io } = context;
  const view = await openView(context);
  const { createScreen } = await import('../shared/screen.ts');
  const screen = createScreen(io.out);
  let shown: Status | null = null;
  let cancel = () => {};

  // Uptimes advance between two messages.
  function redraw(): void {
    cancel();
    if (shown !== null) screen.draw(view(shown));
    cancel = io.clock.after(1000, redraw);
  }

  return {
    status(status) {
      shown = status;
      redraw();
    },
    end() {
      cancel();
      screen.end();
    },
  };
}

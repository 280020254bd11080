// Command `status [name] [--json|--watch]`: the state of the servers.
import type { Client } from '../../control/client.ts';
import type { Status } from '../../core/model/status.ts';
import { isHealthy, isStarting } from '../../core/status/health-summary.ts';
import type { CommandContext } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { createScreen } from '../shared/screen.ts';
import { clientHints } from '../clients/client-hints.ts';
import { createChangePrinter } from './status-changes.ts';
import { clientTraffic } from './client-traffic.ts';
import { serverDetail } from './server-detail.ts';
import { statusTable } from '../views/status-table.ts';
import { printJson, printJsonLine, printLines, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';

export function run(context: CommandContext): Promise<number> {
  return withDaemon(context, async (daemon) => {
    if (context.flags.watch === true) return await watch(context, daemon);
    const status = selectServer(context, await daemon.request('status', {}));
    if (context.flags.json === true) printJson(context, await withProcesses(context, daemon, status));
    else {
      const clients = await clientsOf(context, daemon);
      const hints = await clientHints(context, context.arguments[0] ?? null);
      printLines(context, [
        ...view(context, status),
        ...clients,
        ...(hints.length === 0 ? [] : ['', ...hints]),
      ]);
    }
    // Without a config the servers are not known, so they cannot count as healthy.
    const isKnown = status.daemon.config.loadedAt !== null;
    return status.servers.every(isHealthy) && isKnown ? 0 : 1;
  });
}

/** Clients of the one server that is shown in detail, and what they call; nothing while none has come. */
async function clientsOf(context: CommandContext, daemon: Client): Promise<readonly string[]> {
  const [name] = context.arguments;
  if (name === undefined) return [];
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

function view(context: CommandContext, status: Status): string[] {
  const [server] = status.servers;
  const wantsDetail = context.arguments.length > 0 && server !== undefined;
  return wantsDetail ? serverDetail(server, viewOptions(context)) : statusTable(status, viewOptions(context));
}

async function watch(context: CommandContext, daemon: Client): Promise<number> {
  const { signal, release } = interruptSignal(context.io);
  const output = chooseOutput(context);
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

function chooseOutput(context: CommandContext): StatusOutput {
  if (context.flags.json === true) {
    return { status: (status) => printJsonLine(context, status), end: () => {} };
  }
  if (context.io.out.isTTY === true) return redrawing(context);
  const changes = createChangePrinter();
  return { status: (status) => printLines(context, changes(status, viewOptions(context))), end: () => {} };
}

function redrawing(context: CommandContext): StatusOutput {
  const { io } = context;
  const screen = createScreen(io.out);
  let shown: Status | null = null;
  let cancel = () => {};

  // Uptimes advance between two messages.
  function redraw(): void {
    cancel();
    if (shown !== null) screen.draw(view(context, shown));
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

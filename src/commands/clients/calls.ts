// Command `calls [name] [-f] [-n N]`: the last requests of clients through the gateway.
import type { Client } from '../../control/client.ts';
import type { NumberedCall } from '../../core/gateway/call-summary.ts';
import type { CommandContext } from '../shared/command.ts';
import { outputSignal } from '../shared/interrupt.ts';
import { printJsonLine, printLines, printResult, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';
import { callLine, callTable } from './call-table.ts';

const DEFAULT_LINES = 50;
/** How often new requests are asked for, ms. */
const POLL_INTERVAL = 1_000;

export function run(context: CommandContext): Promise<number> {
  const { flags } = context;
  const [name] = context.arguments;
  const most = typeof flags.lines === 'string' ? Number(flags.lines) : DEFAULT_LINES;
  return withDaemon(context, async (daemon) => {
    // First, so that a wrong name gets a suggestion.
    if (name !== undefined) pickServer(await daemon.request('status', {}), name);
    const calls = await daemon.request('calls', { ...(name !== undefined && { name }), most });
    if (flags.follow !== true) {
      printResult(context, { server: name ?? null, calls }, callTable(calls, viewOptions(context)));
      return 0;
    }
    print(context, calls);
    await follow(context, daemon, { name, after: calls.at(-1)?.number ?? 0 });
    return 0;
  });
}

async function follow(
  context: CommandContext,
  daemon: Client,
  { name, after }: { readonly name: string | undefined; readonly after: number },
): Promise<void> {
  const { signal, release } = outputSignal(context.io);
  let last = after;
  try {
    while (await waits(context, signal)) {
      const calls = await daemon.request('calls', { ...(name !== undefined && { name }), after: last });
      print(context, calls);
      last = calls.at(-1)?.number ?? last;
    }
  } finally {
    release();
  }
}

/** Resolves after the interval with true, with false as soon as the signal aborts. */
function waits({ io: { clock } }: CommandContext, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (goesOn: boolean) => (): void => {
      cancel();
      signal.removeEventListener('abort', abort);
      resolve(goesOn);
    };
    const abort = end(false);
    const cancel = clock.after(POLL_INTERVAL, end(true));
    signal.addEventListener('abort', abort, { once: true });
  });
}

function print(context: CommandContext, calls: readonly NumberedCall[]): void {
  if (context.flags.json === true) for (const call of calls) printJsonLine(context, call);
  else
    printLines(
      context,
      calls.map((call) => callLine(call, viewOptions(context))),
    );
}

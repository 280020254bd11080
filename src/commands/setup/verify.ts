// Whether every server that is wanted comes up: looked at until all are well, one has given up, or time is over.
import { WatchdogError } from '../../core/base/errors.ts';
import type { StartFailureCode } from '../../core/model/vocabulary.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { isHealthy, statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import { span } from '../../core/base/format.ts';
import type { CommandContext } from '../shared/command.ts';
import { withDaemon } from '../shared/with-daemon.ts';

export interface VerifyOptions {
  /** Every server of the config: a daemon that has only just begun does not have all of them yet. */
  readonly names: readonly string[];
  /** ms. */
  readonly timeout: number;
  /** Somebody does not want to wait. */
  readonly signal: AbortSignal;
  readonly onStatus: (status: Status) => void;
}

export type VerifyResult =
  | { readonly isInterrupted: true }
  | { readonly isInterrupted: false; readonly status: Status; readonly detail: string };

/** @throws WatchdogError CONTROL_FAILED that names each server that is not well; NO_DAEMON when it went away */
export async function verifyServers(context: CommandContext, options: VerifyOptions): Promise<VerifyResult> {
  const { clock } = context.io;
  const { timeout: patience, signal, onStatus, names } = options;
  const stop = new AbortController();
  const cancel = clock.after(patience, () => stop.abort());
  const began = clock.monotonic();
  let last: Status | null = null;
  try {
    await withDaemon(context, (daemon) =>
      daemon.watch(
        (status) => {
          last = status;
          onStatus(status);
          if (hasAll(status, names) && status.servers.every(isDecided)) stop.abort();
        },
        AbortSignal.any([stop.signal, signal]),
      ),
    );
  } finally {
    cancel();
  }
  if (signal.aborted) return { isInterrupted: true };
  return judge(last, { names, now: clock.now(), took: clock.monotonic() - began });
}

function hasAll({ servers }: Status, names: readonly string[]): boolean {
  return names.every((name) => servers.some((server) => server.name === name));
}

/** It is well, or nothing will come of waiting: it fails again and again, or somebody has to do something. */
function isDecided(server: ServerStatus): boolean {
  const { state, stoppedBecause, lastFailure } = server;
  const hasGivenUp = state === 'crash_looping' || (state === 'stopped' && stoppedBecause === 'prevented');
  const isHopeless = state === 'backoff' && lastFailure !== null && HOPELESS.has(lastFailure.code);
  return hasGivenUp || isHopeless || isHealthy(server);
}

/** It is tried again all the same, for whoever installs what is missing; here nobody is to wait for that. */
const HOPELESS: ReadonlySet<StartFailureCode> = new Set([
  'EXECUTABLE_MISSING',
  'CWD_MISSING',
  'UNKNOWN_PACKAGE',
  'UNKNOWN_VERSION',
  'ENGINE_MISMATCH',
  'BIN_UNRESOLVED',
]);

interface Seen {
  readonly names: readonly string[];
  readonly now: number;
  /** ms. */
  readonly took: number;
}

function judge(status: Status | null, { names, now, took }: Seen): VerifyResult {
  if (status === null || !hasAll(status, names)) {
    throw new WatchdogError(
      'CONTROL_FAILED',
      `The daemon has not taken the config over after ${span(took)}`,
      {
        hint: 'See mcp-watchdog logs',
      },
    );
  }
  const sick = status.servers.filter((server) => !isHealthy(server));
  const [first] = sick;
  if (first !== undefined) throw notWell(sick, first, { now, took });
  return { isInterrupted: false, status, detail: praise(status) };
}

function praise({ servers }: Status): string {
  const wanted = servers.filter(({ desired, state }) => desired === 'up' || state === 'watched').length;
  if (wanted === 0) return 'no server is to be kept alive';
  return wanted === 1 ? 'the server answers' : `all ${wanted} servers answer`;
}

function notWell(
  sick: readonly ServerStatus[],
  first: ServerStatus,
  { now, took }: { now: number; took: number },
): WatchdogError {
  const count = sick.length === 1 ? '1 server does' : `${sick.length} servers do`;
  const lines = sick.map((server) => {
    const reason = statusSummary(server, now);
    return `  ${server.name}: ${stateLabel(server)}${reason === '' ? '' : `, ${reason}`}`;
  });
  return new WatchdogError(
    'CONTROL_FAILED',
    [`${count} not answer after ${span(took)}`, ...lines].join('\n'),
    {
      hint: first.lastFailure?.hint ?? `The daemon goes on trying. See mcp-watchdog logs ${first.name}`,
    },
  );
}

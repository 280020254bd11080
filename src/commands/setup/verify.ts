// Verification that every wanted server comes up: watched until all are healthy, one has given up, or nothing moves any more.
import { WatchdogError } from '../../core/base/errors.ts';
import type { StartFailureCode } from '../../core/model/vocabulary.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { isHealthy, statusSummary } from '../../core/status/health-summary.ts';
import { stateWords } from '../../core/status/state-words.ts';
import { span } from '../../core/base/format.ts';
import type { CommandContext } from '../shared/command.ts';
import { withDaemon } from '../shared/with-daemon.ts';

export interface VerifyOptions {
  /** Every server of the config: a daemon that has just started does not know all of them yet. */
  readonly names: readonly string[];
  /** How long the wait goes on without progress of any server, ms. */
  readonly timeout: number;
  /** Aborted when the user stops waiting. */
  readonly signal: AbortSignal;
  readonly onStatus: (status: Status) => void;
}

export type VerifyResult =
  | { readonly isInterrupted: true }
  | { readonly isInterrupted: false; readonly status: Status; readonly detail: string };

/** Watches the servers. @throws WatchdogError CONTROL_FAILED that names each unhealthy server; NO_DAEMON when the daemon went away */
export async function verifyServers(context: CommandContext, options: VerifyOptions): Promise<VerifyResult> {
  const { clock } = context.io;
  const { timeout, signal, onStatus, names } = options;
  const stop = new AbortController();
  const isProgress = createProgressWatch();
  const giveUp = (): void => stop.abort();
  let cancel = clock.after(timeout, giveUp);
  const began = clock.monotonic();
  let last: Status | null = null;
  try {
    await withDaemon(context, (daemon) =>
      daemon.watch(
        (status) => {
          last = status;
          onStatus(status);
          if (isProgress(status)) {
            cancel();
            cancel = clock.after(timeout, giveUp);
          }
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

/**
 * Creates a function that tells whether a server is further than ever before: more of it is installed or downloaded, it
 * has a process, or is decided. What comes again, as in a crash loop, is no progress.
 */
function createProgressWatch(): (status: Status) => boolean {
  const seen = new Set<string>();
  return ({ servers }) => {
    const before = seen.size;
    for (const server of servers) {
      const step = isDecided(server)
        ? 'decided'
        : `${server.pid === null ? '' : 'started '}${server.note ?? ''}`;
      seen.add(`${server.name} ${step}`);
    }
    return seen.size > before;
  };
}

function hasAll({ servers }: Status, names: readonly string[]): boolean {
  return names.every((name) => servers.some((server) => server.name === name));
}

/** Tells whether a server is healthy, or waiting is useless: it keeps failing, or needs a person. */
function isDecided(server: ServerStatus): boolean {
  const { state, stoppedBecause, lastFailure } = server;
  const hasGivenUp =
    state === 'crash_looping' ||
    state === 'needs_attention' ||
    (state === 'stopped' && stoppedBecause === 'prevented');
  const isUnrecoverable = state === 'backoff' && lastFailure !== null && UNRECOVERABLE.has(lastFailure.code);
  return hasGivenUp || isUnrecoverable || isHealthy(server);
}

/** Failures that a retry cures only after a person has installed what is missing. */
const UNRECOVERABLE: ReadonlySet<StartFailureCode> = new Set([
  'EXECUTABLE_MISSING',
  'CWD_MISSING',
  'UNKNOWN_PACKAGE',
  'UNKNOWN_VERSION',
  'ENGINE_MISMATCH',
  'BIN_UNRESOLVED',
]);

interface VerifyFacts {
  readonly names: readonly string[];
  readonly now: number;
  /** ms. */
  readonly took: number;
}

function judge(status: Status | null, { names, now, took }: VerifyFacts): VerifyResult {
  if (status === null || !hasAll(status, names)) {
    throw new WatchdogError('CONTROL_FAILED', `The daemon has not loaded the config after ${span(took)}`, {
      hint: 'See mcp-watchdog logs',
    });
  }
  const unhealthy = status.servers.filter((server) => !isHealthy(server));
  const [first] = unhealthy;
  if (first !== undefined) throw unhealthyError(unhealthy, first, { now, took });
  return { isInterrupted: false, status, detail: successText(status) };
}

function successText({ servers }: Status): string {
  const wanted = servers.filter(({ desired, state }) => desired === 'up' || state === 'watched').length;
  if (wanted === 0) return 'no server to supervise';
  return wanted === 1 ? 'the server answers' : `all ${wanted} servers answer`;
}

function unhealthyError(
  unhealthy: readonly ServerStatus[],
  first: ServerStatus,
  { now, took }: { now: number; took: number },
): WatchdogError {
  const count = unhealthy.length === 1 ? '1 server does' : `${unhealthy.length} servers do`;
  const lines = unhealthy.map((server) => {
    const reason = statusSummary(server, now);
    return `  ${server.name}: ${stateWords(server)}${reason === '' ? '' : `, ${reason}`}`;
  });
  return new WatchdogError(
    'CONTROL_FAILED',
    [`${count} not answer after ${span(took)}`, ...lines].join('\n'),
    {
      hint: first.lastFailure?.hint ?? `The daemon keeps trying. See mcp-watchdog logs ${first.name}`,
    },
  );
}

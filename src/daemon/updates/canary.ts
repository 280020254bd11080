// Canary: starts an installed version beside the running server, lists its tools as a client would, and ends it again.
import { isPackage, type ServerSpec } from '../../core/model/server-spec.ts';
import { describeCause, withLastOutput } from '../../core/base/cause.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { ToolsOutcome } from '../../core/tools/tool-diff.ts';
import type { PackageUpdates } from '../../packages/package-updates.ts';
import { openConnection } from '../../wire/connection.ts';
import { connectAndListTools } from '../../probes/tools/list-tools.ts';
import { folderFault } from '../../supervisor/program/working-folder.ts';
import { type CanaryProcess, startCanary } from '../../supervisor/beside/canary-process.ts';
import type { RunnerParts } from '../../supervisor/runner.ts';
import { createHttpClient } from '../../system/net/http-client.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { ProcessExit, SpawnError } from '../../system/process/spawn.ts';
import type { CanaryReport, UpdatePorts } from '../../updates/ports.ts';
import { type CanaryPlacement, awaitPort, placeCanary } from './canary-port.ts';
import { pause } from '../../system/time/pause.ts';

export interface CanaryParts extends Pick<RunnerParts, 'registry' | 'daemonId' | 'clock'> {
  readonly paths: Pick<Paths, 'home'>;
  readonly packages: Pick<PackageUpdates, 'programOf'>;
  /** Our own version, told to servers. */
  readonly version: string;
  /** Takes known secrets out of what a server said. */
  readonly scrub: (text: string) => string;
  readonly onFault: (error: unknown, server: string) => void;
}

type Refusal = Extract<CanaryReport, { ok: false }>;

/** Creates the port `canary` of the updates. */
export function createCanary(parts: CanaryParts): UpdatePorts['canary'] {
  return async (spec, version, signal) => {
    const report = await tryVersion(spec, version, { signal, parts }).catch((error: unknown) =>
      refuse('ours', `its canary failed: ${messageOf(error)}`),
    );
    return report.ok ? report : { ...report, reason: parts.scrub(report.reason) };
  };
}

interface Trial {
  readonly signal: AbortSignal;
  readonly parts: CanaryParts;
}

async function tryVersion(spec: ServerSpec, version: string, trial: Trial): Promise<CanaryReport> {
  const { parts, signal } = trial;
  if (!isPackage(spec)) return refuse('version', 'it cannot be started: it is no package');
  const program = await parts.packages.programOf(spec, version);
  if (!program.ok) return refuse('version', `it cannot be started: ${program.reason}`);
  const cwd = spec.cwd ?? parts.paths.home;
  const fault = folderFault(spec.name, cwd);
  if (fault !== null) return refuse('ours', fault.why);
  const placement = await placeCanary(spec);
  if (typeof placement === 'string') return refuse('ours', placement);
  if (signal.aborted) return refuse('ours', CANCELLED);
  const [file, ...rest] = program.argv;
  const argv = [file, ...rest, ...placement.spec.args] as const;
  const onFault = (error: unknown): void => parts.onFault(error, spec.name);
  const started = await startCanary({
    ...parts,
    spec: placement.spec,
    argv: [...argv],
    programs: program.programs,
    cwd,
    onFault,
  });
  if (!('child' in started)) return refuseStart(started);
  return endAfter(started, () => converse(started, placement, trial));
}

const CANCELLED = 'it was cancelled';

/** Errors of a system that is short of something, whatever the program. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'ENOSPC']);

function refuseStart({ code, message }: SpawnError): Refusal {
  return refuse(SHORTAGES.has(code) ? 'ours' : 'version', `the system did not start it: ${message}`);
}

async function endAfter(canary: CanaryProcess, work: () => Promise<CanaryReport>): Promise<CanaryReport> {
  const report = await work().catch((error: unknown) => refuse('ours', messageOf(error)));
  if (await canary.end()) return report;
  return refuse('ours', `the system does not end pid ${canary.child.pid}, its canary`);
}

/** Bytes of output before it has listed its tools; beyond that it is broken. */
const FLOOD = 32 * 1024 * 1024;
/** Ms between two checks of the process. */
const CHECK_EVERY = 100;
/** Ms to wait for the exit of a process that closed its pipe: the exit says more than the pipe. */
const EXIT_WAIT = 500;

async function converse(
  canary: CanaryProcess,
  placement: CanaryPlacement,
  trial: Trial,
): Promise<CanaryReport> {
  const { clock } = trial.parts;
  const watch = watchOver(canary, trial);
  try {
    const outcome = await listTools(canary, placement, { ...trial, signal: watch.signal });
    if (!outcome.ok && canary.exit() === null && !watch.signal.aborted)
      await Promise.race([canary.exited.then(() => pause(clock, CHECK_EVERY)), pause(clock, EXIT_WAIT)]);
    if (trial.signal.aborted) return refuse('ours', CANCELLED);
    if (canary.written() > FLOOD)
      return refuse('version', `it printed ${canary.written()} bytes and no answer`);
    const exit = canary.exit();
    if (exit !== null) return refuseEnd(exit, canary);
    return await reportOf(outcome, canary);
  } finally {
    watch.stop();
  }
}

/** Aborts the conversation when the process has exited, when it floods us, and when the update is aborted. */
function watchOver(
  canary: CanaryProcess,
  { signal, parts }: Trial,
): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort({ end: 'discarded' });
  let cancel = (): void => {};
  function check(): void {
    if (canary.exit() !== null || canary.written() > FLOOD) return abort();
    cancel = parts.clock.after(CHECK_EVERY, check);
  }
  signal.addEventListener('abort', abort, { once: true });
  check();
  return {
    signal: controller.signal,
    stop() {
      cancel();
      signal.removeEventListener('abort', abort);
    },
  };
}

async function listTools(
  canary: CanaryProcess,
  placement: CanaryPlacement,
  { signal, parts }: Trial,
): Promise<ToolsOutcome> {
  const { clock, version } = parts;
  const { spec, port } = placement;
  const { stdin, stdout } = canary.child;
  const connection =
    stdin === null
      ? null
      : openConnection({ stdin, stdout }, { run: 0, version, onNonProtocolOutput: () => undefined });
  const deadline = clock.monotonic() + spec.start.timeout;
  if (port !== null) {
    const refusal = await awaitPort(canary, { ...placement, port }, { signal, clock, deadline });
    if (refusal !== null) return refusal;
  }
  const http = createHttpClient();
  const silent = { environment: {}, onHandshake: () => undefined };
  const target = { ...silent, spec, run: 0, connection, http, clock, version };
  try {
    return await connectAndListTools(target, {
      clock,
      signal,
      timeout: Math.max(1, Math.ceil(deadline - clock.monotonic())),
    });
  } finally {
    connection?.close();
    http.dropSockets();
  }
}

async function reportOf(outcome: ToolsOutcome, canary: CanaryProcess): Promise<CanaryReport> {
  if (!outcome.ok && outcome.fault !== 'unauthorized') {
    const said = canary.lastLine();
    const { fault, detail } = outcome;
    const reason = withLastOutput(detail, said);
    return refuse(fault === 'ours' ? 'ours' : 'version', reason);
  }
  // Unauthorized counts as alive, as with a server that runs.
  const tools = outcome.ok ? outcome.tools : [];
  const { residentBytes } = await canary.inspect().catch(() => ({ residentBytes: null }));
  return { ok: true, tools, residentBytes };
}

/** Signals that come from outside and say nothing about the version. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

function refuseEnd({ code, signal }: ProcessExit, canary: CanaryProcess): Refusal {
  const said = canary.lastLine();
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  const reason = describeCause({ cause: `it exited ${how} before it had listed its tools`, quote: said });
  return refuse(signal !== null && FROM_OUTSIDE.has(signal) ? 'ours' : 'version', reason);
}

function refuse(fault: Refusal['fault'], reason: string): Refusal {
  return { ok: false, reason, fault };
}

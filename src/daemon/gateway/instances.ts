// Server with a process for each session: a router and a process of its own for each, beside the one that is probed.
import type {
  Availability,
  ClientEvent,
  GatewayLoad,
  SessionFacts,
  SessionRefusal,
} from '../../core/gateway/model.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { openStdioUpstream } from '../../gateway/upstream/stdio-upstream.ts';
import type { SpawnedProcess } from '../../system/process/spawn.ts';
import type { Clock } from '../../system/time/clock.ts';
import { openConnection } from '../../wire/connection.ts';
import type { ServedServer } from './served-server.ts';

/** A process of one session. */
interface InstanceProcess {
  readonly child: Pick<SpawnedProcess, 'stdin' | 'stdout' | 'exit'>;
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<unknown>;
  end(): Promise<unknown>;
}

export type StartInstance = (
  spec: ServerSpec,
  signal: AbortSignal,
) => Promise<
  | {
      readonly ok: true;
      readonly process: InstanceProcess;
      readonly version: string | null;
      /** Takes what stands on its stdout and is no protocol message. */
      readonly onNoise: (bytes: Buffer) => void;
    }
  | { readonly ok: false; readonly reason: string }
>;

type Started = Extract<Awaited<ReturnType<StartInstance>>, { readonly ok: true }>;

export interface InstancedServerParts {
  readonly clock: Clock;
  /** Our own version, told to servers. */
  readonly version: string;
  /** The server as it is run and probed: no client uses its process. */
  readonly base: ServedServer;
  /** Creates the router of one session. */
  readonly create: (spec: ServerSpec) => ServedServer;
  readonly start: StartInstance;
  /** Whether the session's own stream is open. */
  readonly hasStream: (session: string) => boolean;
  /** Called when a session is over, and its id means nothing any more. */
  readonly onOver: (session: string) => void;
  /** Called when the number of processes changes. */
  readonly onCount: () => void;
  readonly log: { warn(facts: object, sentence: string): void };
}

/** A server whose sessions have processes of their own. */
export interface InstancedServer extends ServedServer {
  /** Ends all sessions: a stop, a restart or a limit is for all processes of the server. */
  endSessions(): void;
}

interface Instance {
  readonly server: ServedServer;
  readonly abort: AbortController;
  attached: ReturnType<ServedServer['attach']> | null;
  process: InstanceProcess | null;
  /** When a stream or a call was seen last, ms of the monotonic clock. */
  usedAt: number;
}

/** Ms without a stream or a call after which a session that its client did not end is over. */
const UNUSED = 600_000;

export function createInstancedServer(parts: InstancedServerParts): InstancedServer {
  const { clock, base, log } = parts;
  const instances = new Map<string, Instance>();
  /** Processes that are being ended, and count until they are gone. */
  let leaving = 0;
  let runs = 0;
  let lastExchangeAt: number | null = null;
  let availability: Availability = { kind: 'coming' };
  const each = (run: (server: ServedServer) => void): void => {
    run(base);
    for (const { server } of instances.values()) run(server);
  };

  function open(session: string, facts: SessionFacts): void {
    const server = parts.create(base.spec);
    const instance: Instance = {
      server,
      abort: new AbortController(),
      attached: null,
      process: null,
      usedAt: clock.monotonic(),
    };
    instances.set(session, instance);
    server.take({ kind: 'opened', at: clock.monotonic(), session, facts });
    launch(session, instance).catch((error: unknown) => fail(session, instance, messageOf(error)));
  }

  async function launch(session: string, instance: Instance): Promise<void> {
    const { abort } = instance;
    const { spec } = base;
    const started = await parts.start(spec, abort.signal);
    if (!started.ok) return fail(session, instance, started.reason);
    if (abort.signal.aborted) return await endProcess(started.process);
    instance.process = started.process;
    attach(session, instance, started);
    const cancel = clock.after(spec.start.timeout, () => {
      if (!instance.server.isReady) fail(session, instance, 'it was not ready in time');
    });
    abort.signal.addEventListener('abort', cancel, { once: true });
  }

  function attach(session: string, instance: Instance, { process, version, onNoise }: Started): void {
    const { server, abort } = instance;
    const { stdin, stdout, exit } = process.child;
    if (stdin === null) return fail(session, instance, 'it has no pipes');
    const { capabilities } = base.spec.gateway;
    runs += 1;
    const options = { run: runs, version: parts.version, capabilities, onNonProtocolOutput: onNoise };
    const connection = openConnection({ stdin, stdout }, options);
    instance.attached = server.attach({
      run: runs,
      version,
      call: connection.request,
      open: (events) => openStdioUpstream(connection, events),
    });
    const ended = (): void => over(session, instance);
    stdout.once('end', ended);
    void exit.then(() => clock.after(LAST_ANSWERS, ended));
    abort.signal.addEventListener('abort', () => connection.close(), { once: true });
    void connection.connect(abort.signal);
  }

  function fail(session: string, instance: Instance, reason: string): void {
    if (instances.get(session) !== instance) return;
    log.warn({ server: base.name, reason }, 'Cannot start a process for a session');
    over(session, instance);
  }

  /** Whoever waits is answered; the id is unknown from here on. */
  function over(session: string, instance: Instance): void {
    if (instances.get(session) !== instance) return;
    instances.delete(session);
    const { server, attached, abort, process } = instance;
    server.setAvailability({ kind: 'away', state: 'ended', retryAfter: null });
    attached?.gone();
    server.end();
    abort.abort();
    if (server.lastExchangeAt !== null) lastExchangeAt = Math.max(lastExchangeAt ?? 0, server.lastExchangeAt);
    parts.onOver(session);
    parts.onCount();
    if (process !== null) void endProcess(process);
  }

  async function endProcess(process: InstanceProcess): Promise<void> {
    leaving += 1;
    await Promise.all([process.end(), process.gone]);
    leaving -= 1;
    parts.onCount();
  }

  function endSessions(): void {
    for (const [session, instance] of instances) over(session, instance);
  }

  function take(event: ClientEvent): void {
    if (event.kind === 'opened') return open(event.session, event.facts);
    if (event.kind === 'left') {
      // Ports are unique: only one of them knows it.
      for (const { server } of instances.values()) server.take(event);
      return;
    }
    const instance = event.session === null ? undefined : instances.get(event.session);
    if (instance === undefined || event.session === null) return;
    instance.server.take(event);
    if (event.kind === 'closed') over(event.session, instance);
  }

  function tick(): void {
    base.tick();
    const now = clock.monotonic();
    for (const [session, instance] of instances) {
      const { server } = instance;
      server.tick();
      const { inFlight, queued } = server.load;
      if (inFlight + queued > 0 || parts.hasStream(session)) instance.usedAt = now;
      if (now - Math.max(instance.usedAt, server.lastExchangeAt ?? 0) >= UNUSED) over(session, instance);
    }
  }

  function refusal(): SessionRefusal | null {
    const { maxInstances } = base.spec.gateway;
    if (availability.kind === 'away') return notRunning(availability);
    return instances.size + leaving < maxInstances ? null : tooMany(maxInstances);
  }

  function lastUse(): number | null {
    const times = [...instances.values()].map(({ server }) => server.lastExchangeAt ?? 0);
    const last = Math.max(lastExchangeAt ?? 0, ...times);
    return last === 0 ? null : last;
  }

  return {
    name: base.name,
    generation: base.generation,
    get spec() {
      return base.spec;
    },
    get isReady() {
      return base.isReady;
    },
    get load() {
      const loads = [...instances.values()].map(({ server }) => server.load);
      return { ...sumOf(loads), instances: instances.size + leaving };
    },
    get oldestCall() {
      return base.oldestCall;
    },
    get lastExchangeAt() {
      return lastUse();
    },
    ownProcesses: { refusal },
    knows: (session) => instances.has(session),
    take,
    toolHeaders: (tool) => base.toolHeaders(tool),
    updateSpec: (spec) => each((server) => server.updateSpec(spec)),
    trustTools: () => each((server) => server.trustTools()),
    applyLimits: () => each((server) => server.applyLimits()),
    attach: (process) => base.attach(process),
    setAvailability(changed) {
      availability = changed;
      base.setAvailability(changed);
    },
    idleSince() {
      const since = base.idleSince();
      return since === null || instances.size > 0 ? null : Math.max(since, lastUse() ?? since);
    },
    drain() {
      const drains = [...instances.values()].flatMap(({ server }) => server.drain() ?? []);
      return drains.length === 0 ? null : Promise.all(drains).then(() => undefined);
    },
    endSessions,
    end() {
      base.end();
      endSessions();
    },
    tick,
  };
}

/** An answer that was written before the end of its process may still be in the pipe, ms. */
const LAST_ANSWERS = 200;

function sumOf(loads: readonly GatewayLoad[]): GatewayLoad {
  const sum = (key: Exclude<keyof GatewayLoad, 'instances'>): number =>
    loads.reduce((total, load) => total + load[key], 0);
  return {
    sessions: sum('sessions'),
    inFlight: sum('inFlight'),
    queued: sum('queued'),
    listeners: sum('listeners'),
  };
}

function notRunning({ state, retryAfter }: Extract<Availability, { readonly kind: 'away' }>): SessionRefusal {
  const seconds = retryAfter === null ? null : Math.ceil(retryAfter / 1000);
  const data = { reason: 'server_unavailable', state, retryAfter: seconds };
  return { message: `The server is not running: ${state}`, data, retryAfter: seconds };
}

function tooMany(limit: number): SessionRefusal {
  return {
    message: `All ${limit} processes of this server have a session: end one, or raise gateway.maxInstances`,
    data: { reason: 'busy', limit },
    retryAfter: 10,
  };
}

// Ways from routers to their servers: over the pipe of a process, or over HTTP to a process of ours or a url that is watched.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { openHttpUpstream, type HttpUpstream } from '../../gateway/upstream/http-upstream.ts';
import { openStdioUpstream } from '../../gateway/upstream/stdio-upstream.ts';
import type { ProcessListener } from '../../supervisor/runner.ts';
import { createHttpClient } from '../../system/net/http-client.ts';
import { createPostClient } from '../../system/net/post/post-client.ts';
import { endpointOf } from '../../wire/http/http-endpoint.ts';
import type { DaemonContext } from '../context.ts';
import type { ConnectionUser } from '../servers/shared-connection.ts';
import type { ServedServer } from './served-server.ts';

type Context = Pick<DaemonContext, 'bus' | 'clock' | 'version'>;
type Find = (name: string) => ServedServer | undefined;

/** An answer that was written before the end of its process may still be in the pipe, ms. */
const LAST_ANSWERS = 200;
/** Sockets to a server; each request under way has one. */
const CONNECTIONS = 256;

const NEVER = new AbortController().signal;

/** Attaches each process that is spawned, as long as it lives. */
export function attachProcesses(context: Context, find: Find): ConnectionUser {
  return {
    isEarly: true,
    onSpawn(process) {
      const { spec, run, version, connection } = process;
      const server = find(spec.name);
      if (server === undefined) return {};
      if (connection !== null) return attachPipe(context, server, { ...process, connection });
      return spec.transport === 'http' ? attachWhenReady(context, server, { spec, run, version }) : {};
    },
  };
}

type Piped = Parameters<ConnectionUser['onSpawn']>[0] & {
  readonly connection: NonNullable<Parameters<ConnectionUser['onSpawn']>[0]['connection']>;
};

function attachPipe(
  { bus, clock }: Context,
  server: ServedServer,
  { spec, run, version, child, connection }: Piped,
): ProcessListener {
  const attached = server.attach({
    run,
    version,
    call: connection.request,
    open: (events) => openStdioUpstream(connection, events),
  });
  const stopTracking = connection.trackCalls(() => server.oldestCall);
  const gone = (): void => {
    unsubscribe();
    stopTracking();
    attached.gone();
  };
  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'exited' && event.server === spec.name && event.run === run)
      clock.after(LAST_ANSWERS, gone);
  });
  child.stdout.once('end', gone);
  // Probes of another kind do not greet a server.
  if (spec.probe.kind !== 'mcp') void connection.connect(NEVER);
  return { onLeaving: () => attached.leaving(), onGone: gone };
}

interface OverHttp {
  readonly spec: ServerSpec;
  readonly run: number;
  readonly version: string | null;
}

/** A server that only just started would refuse connections. */
function attachWhenReady(context: Context, server: ServedServer, process: OverHttp): ProcessListener {
  let attached: ReturnType<ServedServer['attach']> | null = null;
  return {
    onReady() {
      attached ??= attachHttp(context, server, process);
    },
    onLeaving: () => attached?.leaving(),
    onGone: () => attached?.gone(),
  };
}

function attachHttp(
  { clock, version: ownVersion }: Context,
  server: ServedServer,
  { spec, run, version }: OverHttp,
): ReturnType<ServedServer['attach']> {
  let upstream: HttpUpstream | null = null;
  return server.attach({
    run,
    version,
    call(method, params, signal) {
      if (upstream === null) return Promise.resolve({ kind: 'inconclusive', detail: 'Not connected yet' });
      return upstream.call(method, params, signal);
    },
    open(events) {
      upstream = openHttpUpstream({
        target: {
          spec,
          run,
          connection: null,
          http: createHttpClient(process.env, { connections: CONNECTIONS }),
          clock,
          version: ownVersion,
          capabilities: spec.gateway.capabilities,
          onHandshake: () => undefined,
        },
        posts: createPostClient(endpointOf(spec), process.env, CONNECTIONS),
        events,
        toolHeaders: (tool) => server.toolHeaders(tool),
      });
      return upstream;
    },
  });
}

/** Attaches servers that are only watched by their url, while they are healthy. */
export function attachUrls(context: Context, find: Find): () => void {
  const attached = new Map<string, ReturnType<ServedServer['attach']>>();
  let runs = 0;

  function detach(name: string): void {
    attached.get(name)?.gone();
    attached.delete(name);
  }

  const unsubscribe = context.bus.subscribe((event) => {
    if (event.kind === 'server-changed' || event.kind === 'server-removed') return detach(event.server);
    if (event.kind !== 'health' || event.health.up === null) return;
    const server = find(event.server);
    if (server?.spec.source.kind !== 'url') return;
    if (!event.health.up) return detach(event.server);
    if (attached.has(event.server)) return;
    runs += 1;
    attached.set(event.server, attachHttp(context, server, { spec: server.spec, run: runs, version: null }));
  });
  return () => {
    unsubscribe();
    for (const name of attached.keys()) detach(name);
  };
}

// One server behind the gateway: its router, the process that is attached to it, and what is known of its lists.
import type {
  Availability,
  ClientAction,
  ClientEvent,
  Exchange,
  GatewayEvent,
  GatewayLimits,
  GatewayLoad,
  GatewayServer,
  ToolHeader,
} from '../../core/gateway/model.ts';
import { GATEWAY_LIMITS, type ListName } from '../../core/gateway/model.ts';
import { Router } from '../../core/gateway/router/router.ts';
import { introductionOf } from '../../core/gateway/translate.ts';
import type { GatewaySettings } from '../../core/model/gateway-policy.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Upstream, UpstreamEvents } from '../../gateway/upstream/upstream.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Call } from '../../wire/call.ts';
import type { PeerInfo } from '../../wire/handshake.ts';
import { definitionsOf } from '../../core/gateway/tool-definitions.ts';
import type { SeenTools } from './approved-tools.ts';
import type { KnownLists } from './known-lists.ts';
import { createListRefresh } from './list-refresh.ts';
import { changedLists, readLists } from './lists.ts';
import type { ServerMemory } from './server-memory.ts';
import { createToolRules, toolFactsOf, type ToolFacts } from './tool-rules.ts';

export interface ServedServerParts {
  readonly clock: Clock;
  readonly version: string;
  readonly generation: number;
  readonly settings: () => Pick<GatewaySettings, 'timeout'>;
  readonly memory: ServerMemory;
  readonly lists: KnownLists;
  readonly perform: (action: ClientAction) => void;
  readonly onExchange: (exchange: Exchange) => void;
  /** Called when a call waits for a server that is not started before somebody needs it. */
  readonly onWake: () => void;
  /** Called when calls are under way or wait. */
  readonly onUse: () => void;
  /** Returns the tools that are defined otherwise than approved: what they say of themselves is not trusted. */
  readonly judgeTools: (seen: Pick<SeenTools, 'version' | 'definitions'>) => ReadonlySet<string>;
  readonly onFault: (error: unknown) => void;
}

/** A running process that the router may talk to. */
interface AttachedProcess {
  readonly run: number;
  /** Version of the package that we installed; null for anything else. */
  readonly version: string | null;
  readonly open: (events: UpstreamEvents) => Upstream;
  /** Sends requests of our own. */
  readonly call: Call;
}

export interface ServedServer extends GatewayServer {
  readonly spec: ServerSpec;
  readonly load: GatewayLoad;
  /** Whether a process is attached that has introduced itself. */
  readonly isReady: boolean;
  /** Monotonic ms at which the last call of a client ended; null for none yet. */
  readonly lastExchangeAt: number | null;
  readonly oldestCall: number | null;
  /** Monotonic ms since when nobody has used it; null while somebody does, or it is not ready. */
  idleSince(): number | null;
  updateSpec(spec: ServerSpec): void;
  /** Trusts again what tools say of themselves: their definitions were approved. */
  trustTools(): void;
  applyLimits(): void;
  /** Returns what the listener of the process has to tell. */
  attach(process: AttachedProcess): { leaving(): void; gone(): void };
  setAvailability(availability: Availability): void;
  /** New calls wait from here on; resolves when those under way have ended, after 2 s at the latest. Null when none is. */
  drain(): Promise<void> | null;
  end(): void;
  tick(): void;
}

/** How long calls under way may delay a stop of ours, ms. */
const DRAIN_TIMEOUT = 2_000;
/** How long a server may take for its lists, ms; it is used without them then. */
const LISTS_TIMEOUT = 10_000;

export function createServedServer(initial: ServerSpec, parts: ServedServerParts): ServedServer {
  const { clock, memory } = parts;
  let spec = initial;
  let facts: ReadonlyMap<string, ToolFacts> = new Map(memory.tools.map((tool) => [tool.name, tool]));
  let current: { readonly upstream: Upstream; detach(): void } | null = null;
  let lastExchangeAt: number | null = null;
  let readyAt = Number.POSITIVE_INFINITY;
  const drains = new Set<() => void>();
  /** Tools that are defined otherwise than approved. */
  let changedTools: ReadonlySet<string> = new Set();
  const rules = () => createToolRules(spec.gateway, facts, changedTools);
  const router = new Router(limitsOf(spec, parts.settings()), rules());
  const pending: GatewayEvent[] = [];
  let isTaking = false;

  if (memory.introduction !== null) take({ kind: 'known', introduction: memory.introduction });

  /** Performs the actions of one event before the next: writing to the server may bring another. */
  function take(event: GatewayEvent): void {
    pending.push(event);
    if (isTaking) return;
    isTaking = true;
    try {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) handle(next);
    } finally {
      isTaking = false;
    }
  }

  function handle(event: GatewayEvent): void {
    try {
      for (const action of router.take(event)) {
        switch (action.kind) {
          case 'write':
            write(action.text, action.key);
            break;
          case 'observe':
            lastExchangeAt = action.at;
            parts.onExchange(action);
            break;
          case 'keep':
            memory.keep(action.session, action.kept);
            break;
          case 'wake':
            parts.onWake();
            break;
          default:
            parts.perform(action);
        }
      }
    } catch (error) {
      parts.onFault(error);
    }
    if (event.kind === 'said' && router.inFlight + router.queued > 0) parts.onUse();
    if (drains.size > 0 && router.inFlight === 0) for (const done of drains) done();
  }

  function write(text: string, key: string | null): void {
    const result = current?.upstream.write(text, key) ?? 'gone';
    if (result === 'written' || key === null) return;
    take({ kind: 'refused', at: clock.monotonic(), key, why: result });
  }

  function attach(process: AttachedProcess): { leaving(): void; gone(): void } {
    const abort = new AbortController();
    // One that took the place of a process whose end is not seen through yet.
    current?.detach();
    let peer: PeerInfo | null = null;
    let isOpen = false;
    const begin = (): void => {
      if (isOpen && peer !== null) void greet(process, peer, abort.signal).catch(parts.onFault);
    };
    const refreshLists = createListRefresh({
      clock,
      signal: abort.signal,
      read: async (lists) => {
        if (peer !== null) await refresh(process, peer, { signal: abort.signal, lists });
      },
      onFault: parts.onFault,
    });
    const upstream = process.open({
      onHandshake(told) {
        peer = told;
        begin();
      },
      onMessage(message, text) {
        take({ kind: 'answered', at: clock.monotonic(), message, text });
      },
      onListChanged(list) {
        if (peer !== null) refreshLists(list);
      },
      onBroken: (key) => take({ kind: 'broken', at: clock.monotonic(), key }),
    });
    const detach = (): void => {
      abort.abort();
      upstream.close();
      if (current?.upstream !== upstream) return;
      current = null;
      take({ kind: 'lost', at: clock.monotonic() });
    };
    readyAt = Number.POSITIVE_INFINITY;
    current = { upstream, detach };
    // The handshake may have been done before.
    isOpen = true;
    begin();
    return {
      leaving() {
        if (current?.upstream === upstream) take({ kind: 'leaving' });
      },
      gone: detach,
    };
  }

  /** Gives the server to its clients. Where nothing is known of its tools yet, they are read first. */
  async function greet(process: AttachedProcess, peer: PeerInfo, signal: AbortSignal): Promise<void> {
    const introduction = introductionOf(peer.result, peer.handshake.era);
    const mustWait = !memory.isKnown || spec.gateway.tools.readOnly;
    const early = mustWait ? await readAll(process, peer, signal) : [];
    if (signal.aborted) return;
    memory.setIntroduction(introduction);
    readyAt = clock.monotonic();
    take({
      kind: 'ready',
      at: clock.monotonic(),
      run: process.run,
      introduction,
      rules: rules(),
      changed: early,
    });
    if (mustWait) return;
    // After the calls that waited: a process that has just started would answer them later.
    const changed = await readAll(process, peer, signal);
    if (signal.aborted) return;
    take({ kind: 'rules', rules: rules() });
    if (changed.length > 0) take({ kind: 'changed', lists: changed });
  }

  async function refresh(
    process: AttachedProcess,
    peer: PeerInfo,
    { signal, lists }: { readonly signal: AbortSignal; readonly lists: readonly ListName[] },
  ): Promise<void> {
    const before = memory.hashes;
    const changed = await readAll(process, peer, signal, lists);
    if (signal.aborted) return;
    take({ kind: 'rules', rules: rules() });
    // A list that could not be read, or was never seen, may be another.
    const others = lists.filter(
      (list) => before[list] === undefined || memory.hashes[list] === undefined || changed.includes(list),
    );
    if (others.length > 0) take({ kind: 'changed', lists: others });
  }

  /** @returns lists that differ from those last seen */
  async function readAll(
    { call, version }: AttachedProcess,
    { capabilities, handshake: { era }, result }: PeerInfo,
    signal: AbortSignal,
    only?: readonly ListName[],
  ): Promise<readonly ListName[]> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(LISTS_TIMEOUT)]);
    const found = await readLists(
      { call, era, version: parts.version, capabilities, withTemplates: isOnDemand(spec) },
      patience,
      only,
    );
    if (signal.aborted) return [];
    const changed = changedLists(memory.hashes, found.hashes);
    if (found.tools !== null) {
      facts = new Map(found.tools.map((tool) => [String(tool['name']), toolFactsOf(tool)]));
      const { instructions } = introductionOf(result, era);
      changedTools = parts.judgeTools({ version, definitions: definitionsOf(instructions, found.tools) });
    }
    if (isOnDemand(spec)) parts.lists.add(found.results);
    memory.setLists(found.hashes, found.tools === null ? null : [...facts.values()]);
    return changed;
  }

  function drain(): Promise<void> | null {
    if (router.inFlight === 0) return null;
    take({ kind: 'leaving' });
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        drains.delete(done);
        resolve();
      };
      const cancel = clock.after(DRAIN_TIMEOUT, done);
      drains.add(done);
    });
  }

  return {
    name: spec.name,
    generation: parts.generation,
    get spec() {
      return spec;
    },
    get load() {
      return router.load;
    },
    get isReady() {
      return current !== null && readyAt < Number.POSITIVE_INFINITY;
    },
    get oldestCall() {
      return router.oldestCall;
    },
    get lastExchangeAt() {
      return lastExchangeAt;
    },
    knows: (session) => router.knows(session),
    take: (event) => take(withKept(event, memory)),
    toolHeaders: (tool): readonly ToolHeader[] => facts.get(tool)?.headers ?? [],
    updateSpec(changed) {
      spec = changed;
      take({ kind: 'rules', rules: rules() });
      take({ kind: 'limits', limits: limitsOf(spec, parts.settings()) });
    },
    trustTools() {
      changedTools = new Set();
      take({ kind: 'rules', rules: rules() });
    },
    applyLimits: () => take({ kind: 'limits', limits: limitsOf(spec, parts.settings()) }),
    attach,
    setAvailability(availability) {
      const known: Availability =
        availability.kind === 'asleep' ? { kind: 'asleep', lists: parts.lists.read() } : availability;
      take({ kind: 'availability', at: clock.monotonic(), availability: known });
    },
    idleSince: () => {
      const { inFlight, queued, listeners } = router.load;
      if (current === null || inFlight + queued + listeners > 0 || router.hasSubscriptions) return null;
      return Math.max(readyAt, lastExchangeAt ?? readyAt);
    },
    drain,
    end: () => take({ kind: 'ending', at: clock.monotonic() }),
    tick: () => take({ kind: 'tick', at: clock.monotonic() }),
  };
}

/** Whether its clients start the server, and its lists have to be known while it does not run. */
function isOnDemand({ start, idle }: Pick<ServerSpec, 'start' | 'idle'>): boolean {
  return start.when === 'first-use' || idle.stopAfter !== null;
}

/** Adds what is kept for a session that comes back. */
function withKept(event: ClientEvent, memory: ServerMemory): ClientEvent {
  if (event.kind === 'closed') memory.drop(event.session);
  if (event.kind !== 'opened') return event;
  const kept = memory.kept(event.session);
  return kept === null ? event : { ...event, kept };
}

function limitsOf(
  { gateway: { queue } }: ServerSpec,
  { timeout }: { readonly timeout: number },
): GatewayLimits {
  return { ...GATEWAY_LIMITS, queue: queue.length, patience: queue.patience, timeout };
}

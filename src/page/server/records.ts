// Records of one server, read beside its status: events, tools and clients.
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { App } from '../common/app.ts';
import type { ToolList } from '../model/wire.ts';

/** Kinds of events that a timeline shows. */
const LIFE = [
  'exited',
  'restarted',
  'start-failed',
  'limit',
  'update-moved',
  'update-settled',
  'using-installed',
  'tools-changed',
] as const;

export interface Records {
  read(): Promise<void>;
  /** Takes an event of the stream. */
  add(event: ShownEvent): void;
  /** The newest first; null before the first answer. */
  events(): readonly ShownEvent[] | null;
  /** Seconds since the epoch of restarts. */
  marks(): readonly number[];
  tools(): ToolList | null;
  clients(): ClientSummary | null;
}

const RESTARTS: ReadonlySet<string> = new Set(['restarted', 'update-settled']);
const KINDS: ReadonlySet<string> = new Set(LIFE);

export function createRecords({ wire, redraw }: App, name: string): Records {
  let events: readonly ShownEvent[] | null = null;
  let tools: ToolList | null = null;
  let clients: ClientSummary | null = null;

  return {
    async read() {
      const [told, list, summary] = await Promise.all([
        wire.events({ server: name, kinds: LIFE, before: null }),
        wire.tools(name),
        wire.clients(name),
      ]);
      if (told.ok) ({ events } = told.value);
      if (list.ok) tools = list.value;
      if (summary.ok) clients = summary.value;
      redraw();
    },
    add(event) {
      if (!KINDS.has(event.kind)) return;
      events = [event, ...(events ?? [])];
      redraw();
    },
    events: () => events,
    marks: () => (events ?? []).filter(({ kind }) => RESTARTS.has(kind)).map(({ at }) => at / 1000),
    tools: () => tools,
    clients: () => clients,
  };
}

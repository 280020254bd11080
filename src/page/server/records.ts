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

/** Events that are kept. */
const MOST = 200;

export interface Records {
  /** Reads events once, as the stream tells of the rest; tools and clients each time. */
  read(): Promise<void>;
  /** Something may have been missed: events are read anew the next time. */
  forget(): void;
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
  let isComplete = false;

  return {
    async read() {
      const [told, list, summary] = await Promise.all([
        isComplete ? null : wire.events({ server: name, kinds: LIFE, before: null }),
        wire.tools(name),
        wire.clients(name),
      ]);
      if (told?.ok === true) {
        ({ events } = told.value);
        isComplete = true;
      }
      if (list.ok) tools = list.value;
      if (summary.ok) clients = summary.value;
      redraw();
    },
    forget() {
      isComplete = false;
    },
    add(event) {
      if (!KINDS.has(event.kind)) return;
      events = [event, ...(events ?? [])].slice(0, MOST);
      redraw();
    },
    events: () => events,
    marks: () => (events ?? []).filter(({ kind }) => RESTARTS.has(kind)).map(({ at }) => at / 1000),
    tools: () => tools,
    clients: () => clients,
  };
}

// Model of the live view: what is shown, which server is selected, and what a key does to it.
import type { PageView } from '../../control/protocol.ts';
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import type { OperatorAction } from '../../core/model/vocabulary.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { orderOf } from '../../core/status/troubles.ts';
import type { ServerSnippets } from '../clients/print-client.ts';

type Screen = 'list' | 'server' | 'log' | 'connect' | 'alerts' | 'events' | 'help';

export interface Model {
  readonly screen: Screen;
  /** Name of the selected server; null before the first status and without servers. */
  readonly selected: string | null;
  /** Names in the order in which they are shown; kept for a while after a key, so that nothing moves below a finger. */
  readonly order: readonly string[];
  /** Selection of servers, or of lines of the log. */
  readonly filter: string;
  readonly isTyping: boolean;
  readonly asked: { readonly action: OperatorAction; readonly server: string } | null;
  readonly isPaused: boolean;
  /** True while new lines of the log wait. */
  readonly isHeld: boolean;
  /** How far a list of alerts or events was scrolled; a log from its end; among the snippets, which client is selected. */
  readonly offset: number;
}

/** What is shown beside the status. */
export interface Facts {
  readonly status: Status;
  readonly view: PageView;
  readonly now: number;
  /** Of the server that is open; null while not known. */
  readonly traffic: ClientSummary | null;
  readonly curves: Curves | null;
  /** Oldest first. */
  readonly log: readonly LogLine[];
  /** Time at which the daemon went away, ms since the epoch; null while it is connected. */
  readonly lostAt: number | null;
  /** How clients reach the server, or why they cannot; null while not known. */
  readonly snippets: ServerSnippets | { readonly failed: string } | null;
  /** Answer to the last action, shown for some seconds. */
  readonly answer: string | null;
}

export interface LogLine {
  /** Ms since the epoch; null for a line that goes on. */
  readonly at: number | null;
  readonly stream: string;
  readonly text: string;
}

/** Values of the last time span, the oldest first; null where there are none. */
export interface Curves {
  readonly memory: readonly (number | null)[];
  readonly cpu: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
}

export const START: Model = {
  screen: 'list',
  selected: null,
  order: [],
  filter: '',
  isTyping: false,
  asked: null,
  isPaused: false,
  isHeld: false,
  offset: 0,
};

/** Lists the servers that are shown, in their order. */
export function shownServers({ order, filter, screen }: Model, { servers }: Status): readonly ServerStatus[] {
  const place = (name: string): number => {
    const index = order.indexOf(name);
    return index < 0 ? order.length : index;
  };
  const isFiltered = screen === 'list' && filter !== '';
  return servers
    .filter(({ name }) => !isFiltered || name.includes(filter.toLowerCase()))
    .toSorted((a, b) => place(a.name) - place(b.name));
}

/** Takes a new status: the selection stays on its server; `isQuiet` when no key was pressed lately. */
export function withStatus(
  model: Model,
  status: Status,
  { now, isQuiet }: { now: number; isQuiet: boolean },
): Model {
  const order =
    isQuiet || model.order.length === 0 ? orderOf(status, now).map(({ name }) => name) : model.order;
  const next = { ...model, order };
  const names = shownServers(next, status).map(({ name }) => name);
  const isThere = model.selected !== null && names.includes(model.selected);
  return { ...next, selected: isThere ? model.selected : (names[0] ?? null) };
}

/** What a key asks of the outside. */
export type Effect =
  | 'quit'
  | 'redraw'
  | 'copy'
  | { readonly action: OperatorAction; readonly server: string };

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ACTION_KEYS: Readonly<Record<string, OperatorAction>> = {
  r: 'restart',
  s: 'stop',
  u: 'update',
  b: 'rollback',
};

/** What a key is pressed on. */
interface Shown {
  readonly status: Status;
  /** Rows of a list. */
  readonly page: number;
  /** How far the list of alerts, events or snippets can be scrolled. */
  readonly last: number;
}

/** Returns the model after a key and what has to be done. */
export function press(model: Model, key: string, { status, page, last }: Shown): [Model, Effect] {
  if (key === CTRL_C || key === CTRL_D) return [model, 'quit'];
  if (model.asked !== null) {
    const next = { ...model, asked: null };
    return key === 'y' ? [next, model.asked] : [next, 'redraw'];
  }
  if (model.isTyping) return [typed(model, key, status), 'redraw'];
  if (key === 'q' || key === 'Q') return [model, 'quit'];
  if (key === 'y' && model.screen === 'connect') return [model, 'copy'];
  return [moved(model, key, { status, page, last }) ?? opened(model, key, status), 'redraw'];
}

function typed(model: Model, key: string, status: Status): Model {
  const { filter } = model;
  if (key === 'enter') return { ...model, isTyping: false };
  if (key === 'escape') return reselected({ ...model, isTyping: false, filter: '' }, status);
  if (key === 'backspace') return reselected({ ...model, filter: filter.slice(0, -1) }, status);
  return key.length === 1 && key >= ' ' ? reselected({ ...model, filter: filter + key }, status) : model;
}

function reselected(model: Model, status: Status): Model {
  const names = shownServers(model, status).map(({ name }) => name);
  if (model.selected !== null && names.includes(model.selected)) return model;
  return { ...model, selected: names[0] ?? null };
}

const STEPS: Readonly<Record<string, number>> = { j: 1, down: 1, k: -1, up: -1 };

/** Moves the selection or scrolls; null for other keys. */
function moved(model: Model, key: string, { status, page, last }: Shown): Model | null {
  const steps: Readonly<Record<string, number>> = {
    ...STEPS,
    pagedown: page,
    pageup: -page,
    g: Number.NEGATIVE_INFINITY,
    home: Number.NEGATIVE_INFINITY,
    G: Number.POSITIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  const toOther = isOfServer(model) ? { '[': -1, ']': 1 }[key] : undefined;
  const step = toOther ?? steps[key];
  if (step === undefined) return null;
  if (toOther === undefined && showsLog(model)) return scrolledLog(model, step, last);
  if (toOther === undefined && model.screen !== 'list')
    return { ...model, offset: Math.max(0, Math.min(last, Math.min(last, model.offset) + step)) };
  const names = shownServers(model, status).map(({ name }) => name);
  const at = Math.max(0, names.indexOf(model.selected ?? ''));
  const next = Math.min(names.length - 1, Math.max(0, at + step));
  const selected = names[next] ?? null;
  if (selected === model.selected || !showsLog(model)) return { ...model, selected };
  // It has a log of its own.
  return { ...model, selected, isHeld: false, offset: 0 };
}

/** Scrolls the log, which holds it; its end lets it go on. */
function scrolledLog(model: Model, step: number, last: number): Model {
  const from = model.isHeld ? Math.min(last, model.offset) : 0;
  const offset = Math.max(0, Math.min(last, from - step));
  if (step > 0 && offset === 0) return { ...model, isHeld: false, offset: 0 };
  return { ...model, isHeld: model.isHeld || offset > 0, offset };
}

function opened(model: Model, key: string, status: Status): Model {
  const { screen, selected } = model;
  switch (key) {
    case 'enter':
    case 'right':
      return screen === 'list' && selected !== null
        ? { ...model, screen: 'server', filter: '', offset: 0 }
        : model;
    case 'escape':
    case 'left':
      if (screen === 'log' || screen === 'connect')
        return { ...model, screen: 'server', filter: '', offset: 0 };
      return screen === 'list' ? reselected({ ...model, filter: '' }, status) : toList(model);
    case 'l':
    case 'c': {
      const next = ({ l: 'log', c: 'connect' } as const)[key];
      if (selected === null) return model;
      const shows = screen === next ? 'server' : next;
      const isSame = showsLog(model) && shows !== 'connect';
      return { ...model, screen: shows, filter: '', offset: isSame ? model.offset : 0 };
    }
    case '/':
      return screen === 'list' || showsLog(model) ? { ...model, isTyping: true } : model;
    case ' ':
      return showsLog(model) ? { ...model, isHeld: !model.isHeld, offset: 0 } : model;
    case 'a':
    case 'e':
    case '?': {
      const next = ({ a: 'alerts', e: 'events', '?': 'help' } as const)[key];
      return screen === next ? toList(model) : { ...model, screen: next, offset: 0 };
    }
    case 'p':
      return { ...model, isPaused: !model.isPaused };
    default:
      return asking(model, key, status);
  }
}

/** True for the screens of one server. */
export function isOfServer({ screen }: Model): boolean {
  return screen === 'server' || screen === 'log' || screen === 'connect';
}

function showsLog({ screen }: Model): boolean {
  return screen === 'server' || screen === 'log';
}

function toList(model: Model): Model {
  return { ...model, screen: 'list', offset: 0, filter: '', isHeld: false };
}

function asking(model: Model, key: string, status: Status): Model {
  const action = ACTION_KEYS[key];
  const server = status.servers.find(({ name }) => name === model.selected);
  if (action === undefined || server === undefined || model.screen === 'help') return model;
  const isDown = server.desired === 'down';
  return { ...model, asked: { server: server.name, action: action === 'stop' && isDown ? 'start' : action } };
}

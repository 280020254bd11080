// The page as a whole: its state, the view that is open, and when it is drawn.
import { render } from 'lit-html';
import type { PageStatus } from '../core/status/page-status.ts';
import { createConnection } from './connection.ts';
import { countNeeds } from './model/groups.ts';
import { readRoute, writeRoute, type Route } from './model/route.ts';
import { NO_SPARKS, type Sparks } from './model/curves/sparks.ts';
import { visible } from './model/visible.ts';
import type { Fault, Wire } from './model/wire.ts';
import type { App, Gone, PageState, View } from './common/app.ts';
import { followScrolling } from './common/scrolling.ts';
import { drawFrame } from './frame/frame.ts';
import { createKeys } from './frame/keys.ts';
import { openOverview } from './overview/overview.ts';
import { createSparkReader } from './overview/read-sparks.ts';
import { createNotes } from './frame/notes.ts';
import { showCount } from './frame/tab.ts';
import { showTips } from './frame/tips.ts';

/** Ms between two readings of the curves, and between two looks of a hidden page. */
const CURVES_EVERY = 60_000;
const HIDDEN_EVERY = 60_000;

export interface Page {
  start(): void;
}

/** @param wire created with the function to call when a session begins or ends */
export function createPage(createWire: (onSession: () => void) => Wire, place: HTMLElement): Page {
  const wire = createWire(() => {
    if (!wire.hasSession()) app.say('The session is over: run mcp-watchdog open again');
    // Another form of everything: with or without the words of servers.
    connection.pause();
    connection.start();
    redraw();
  });
  const notes = createNotes();
  /** What the document showed before the first script. */
  const waiting = [...place.querySelectorAll('main > *')];
  let status: PageStatus | null = null;
  let fault: Fault | null = null;
  let gone: Gone | null = null;
  let route = currentRoute();
  let sparks: Sparks = NO_SPARKS;
  let sparksAt = 0;
  const sparkReader = createSparkReader(wire);
  let view: View | null = null;
  let opened = 0;
  let frame = 0;
  let tick = 0;

  const app: App = {
    wire,
    state: (): PageState => ({
      status,
      fault,
      gone,
      route,
      now: gone === null ? Date.now() : gone.since,
      tick,
      hasSession: wire.hasSession() && gone === null,
      sparks,
    }),
    redraw,
    retry: () => connection.retry(),
    say: (text) => notes.say(text),
    go: (to) => {
      location.hash = writeRoute(to);
    },
  };

  const connection = createConnection(wire, {
    onStatus(next, isNew) {
      status = next;
      fault = null;
      if (isNew) {
        sparksAt = 0;
        sparkReader.forget();
      }
      // Another run of the daemon knows no session of the one before: this tells whether it knows ours.
      if (isNew && wire.hasSession()) void wire.silences();
      void readSparks();
      view?.onNews?.(isNew);
      redraw();
    },
    onEvent: (event) => view?.onEvent?.(event),
    onGone(next, why) {
      gone = status === null ? null : next;
      fault = status === null && next !== null ? why : null;
      document.documentElement.classList.toggle('is-past', gone !== null);
      redraw();
    },
    onOtherPage: reloadOnce,
  });

  function redraw(): void {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      render(drawFrame(app, view, waiting), place);
      showCount(view?.title ?? '', status === null ? null : total(status), gone !== null);
    });
  }

  async function openRoute(): Promise<void> {
    route = currentRoute();
    opened += 1;
    const mine = opened;
    view?.close?.();
    view = null;
    if (route.view === 'overview') view = openOverview(app);
    redraw();
    if (view === null) await openLazily(route, () => mine === opened);
  }

  /** Other views come with modules of their own, which a daemon that is gone cannot send. */
  async function openLazily(to: Route, isWanted: () => boolean): Promise<void> {
    try {
      const next = await loadView(to, app);
      if (!isWanted()) return next.close?.();
      view = next;
      redraw();
    } catch {
      if (isWanted()) app.say('This part of the page could not be loaded: load the page again');
    }
  }

  /** The curves of the overview: new ones each minute, while somebody looks. */
  async function readSparks(): Promise<void> {
    if (Date.now() - sparksAt < CURVES_EVERY || route.view !== 'overview') return;
    sparksAt = Date.now();
    sparks = await sparkReader.read(sparksAt);
    redraw();
  }

  async function lookWhileHidden(): Promise<void> {
    if (!document.hidden) return;
    const answer = await wire.needsYou();
    showCount(view?.title ?? '', answer.ok ? answer.value : null, !answer.ok);
  }

  return {
    start() {
      restoreTheme();
      createKeys(app, () => view);
      showTips();
      addEventListener('hashchange', () => {
        if (signIn()) return;
        void openRoute();
        scrollTo(0, 0);
        document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
      });
      document.addEventListener('visibilitychange', () => {
        if (document.hidden) connection.pause();
        else connection.start();
      });
      addEventListener('online', () => connection.retry());
      const scrolling = followScrolling();
      setInterval(() => {
        tick += 1;
        if (!document.hidden && !scrolling.isMoving()) redraw();
        void readSparks();
      }, 1000);
      setInterval(() => void lookWhileHidden(), HIDDEN_EVERY);
      place.replaceChildren();
      signIn();
      void openRoute();
      if (!document.hidden) connection.start();
    },
  };

  /** Gives the code of a one-time link for a session; the address is cleared at once. */
  function signIn(): boolean {
    const code = /^#\/?open=(.+)$/u.exec(location.hash)?.[1];
    if (code === undefined) return false;
    history.replaceState(null, '', '#/');
    void useCode(code);
    return true;
  }

  async function useCode(code: string): Promise<void> {
    const answer = await wire.signIn(code);
    app.say(
      answer.ok
        ? 'Signed in: logs and actions are open to this tab'
        : `Not signed in: ${answer.fault.message}`,
    );
    connection.pause();
    connection.start();
    redraw();
  }
}

/** Names are those of the answers, which show no control characters. */
function currentRoute(): Route {
  const route = readRoute(location.hash);
  return route.view === 'server' ? { ...route, name: visible(route.name) } : route;
}

function total(status: PageStatus): number {
  const { servers, own } = countNeeds(status);
  return servers + own;
}

async function loadView(route: Route, app: App): Promise<View> {
  switch (route.view) {
    case 'server':
      return (await import('./server/server.ts')).openServer(app, route.name);
    case 'alerts':
      return (await import('./alerts/alerts.ts')).openAlerts(app);
    case 'events':
      return (await import('./events/events.ts')).openEvents(app, route);
    case 'query':
      return (await import('./query/query.ts')).openQuery(app, route.expression);
    case 'overview':
      return openOverview(app);
  }
  return route satisfies never;
}

/** Another page is served than this one: load it, but not again and again when that changes nothing. */
function reloadOnce(hash: string): void {
  const own = document.documentElement.dataset['assets'] ?? hash;
  const KEY = 'mcp-watchdog-reloaded';
  if (hash === own || sessionStorage.getItem(KEY) === hash) return;
  sessionStorage.setItem(KEY, hash);
  location.reload();
}

function restoreTheme(): void {
  try {
    const theme = localStorage.getItem('theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
  } catch {
    // Storage is switched off.
  }
}

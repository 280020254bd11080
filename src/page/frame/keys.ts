// Keys of the page.
import type { Route } from '../model/route.ts';
import type { App, View } from '../common/app.ts';
import { showHelp } from './help.ts';

const GO: Readonly<Record<string, Route>> = {
  s: { view: 'overview' },
  a: { view: 'alerts' },
  e: { view: 'events', server: null, kind: 'all' },
  q: { view: 'query', expression: null },
};
/** Ms in which the second key of `g s` has to follow. */
const PAIR = 1200;

export function createKeys(app: App, view: () => View | null): void {
  let began = Number.NEGATIVE_INFINITY;

  function pressed(key: string): boolean {
    const target = performance.now() - began < PAIR ? GO[key] : undefined;
    began = Number.NEGATIVE_INFINITY;
    if (target !== undefined) return (app.go(target), true);
    if (view()?.onKey?.(key) === true) return true;
    switch (key) {
      case 'g':
        began = performance.now();
        return true;
      case '/':
        return focus('[data-search]');
      case '?':
        return (showHelp(), true);
      case 'j':
        return step(1);
      case 'k':
        return step(-1);
      case 'Escape':
        return app.state().route.view === 'server' ? (app.go({ view: 'overview' }), true) : false;
      default:
        return false;
    }
  }

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null)
      return;
    const { target } = event;
    if (target instanceof HTMLElement && target.matches('input, select, textarea')) {
      if (event.key === 'Escape') leave(target);
      return;
    }
    if (pressed(event.key)) event.preventDefault();
  });
}

/** Empties a filter and leaves it. */
function leave(field: HTMLElement): void {
  const isText = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
  if (isText && field.matches('[data-search]')) {
    field.value = '';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
  field.blur();
}

function focus(selector: string): boolean {
  const field = document.querySelector<HTMLElement>(selector);
  field?.focus();
  return field !== null;
}

/** Goes to the next or the previous server; the first time to the first. */
function step(direction: 1 | -1): boolean {
  const links = [...document.querySelectorAll<HTMLElement>('.row .who a')];
  if (links.length === 0) return false;
  const here = links.findIndex((link) => link === document.activeElement);
  const next = links[here < 0 ? 0 : Math.min(links.length - 1, Math.max(0, here + direction))];
  next?.focus();
  next?.closest('.row')?.scrollIntoView({ block: 'nearest' });
  return true;
}

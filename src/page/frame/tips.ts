// Tip over a heartbeat bar: the time below the pointer, and what was then.
import { BEATS, readBeats, SLOT_MINUTES, SLOTS } from '../model/heartbeat.ts';
import { clock } from '../model/words.ts';

export function showTips(): void {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  tip.setAttribute('aria-hidden', 'true');
  document.body.append(tip);
  document.addEventListener(
    'pointermove',
    (event) => {
      const bar = event.target instanceof Element ? barUnder(event.target, event) : null;
      tip.hidden = bar === null;
      if (bar === null) return;
      tip.textContent = tellSlot(bar, event.clientX);
      const left = Math.min(event.clientX + 10, innerWidth - tip.offsetWidth - 8);
      tip.style.left = `${left / zoom()}px`;
      tip.style.top = `${(event.clientY - 34) / zoom()}px`;
    },
    { passive: true },
  );
  document.addEventListener('pointerleave', () => {
    tip.hidden = true;
  });
}

/** The link of a row lies over its bar. */
function barUnder(target: Element, { clientX, clientY }: PointerEvent): SVGElement | null {
  const row = target.closest('.row, .timeline');
  const bar = row?.querySelector<SVGElement>('.beat') ?? null;
  if (bar === null) return null;
  const { left, right, top, bottom } = bar.getBoundingClientRect();
  const isOver = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
  return isOver ? bar : null;
}

function tellSlot(bar: SVGElement, x: number): string {
  const { left, width } = bar.getBoundingClientRect();
  const slot = Math.min(SLOTS - 1, Math.max(0, Math.floor(((x - left) / width) * SLOTS)));
  const from = Number(bar.dataset['end']) - (SLOTS - slot) * SLOT_MINUTES * 60_000;
  const beat = readBeats(bar.dataset['beats'] ?? '')[slot] ?? 'n';
  return `${clock(from)}–${clock(from + SLOT_MINUTES * 60_000)} ${BEATS[beat].words}`;
}

/** Very wide screens are zoomed, and positions with them. */
function zoom(): number {
  return Number(getComputedStyle(document.body).zoom) || 1;
}

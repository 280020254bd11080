// Rows of the overview, each drawn into its own element: with hundreds of them only what differs is touched, and what is out of sight later.
import { nothing, render, type TemplateResult } from 'lit-html';
import { directive, Directive, type ElementPart } from 'lit-html/directive.js';

export interface WantedRow {
  readonly name: string;
  /** What the row is made of: where nothing differs, nothing is drawn. */
  readonly from: readonly unknown[];
  readonly draw: () => TemplateResult;
}

export interface Rows {
  /** Draws what differs of rows that have their elements. To be called before anything is written, as it asks where the rows are. */
  update(wanted: readonly WantedRow[]): void;
  /** Attribute of the element of a row, which is drawn into it when it is new. */
  place(wanted: WantedRow): unknown;
  close(): void;
}

/** Rows out of sight that are drawn at a time, and ms until the next. */
const AT_A_TIME = 10;
const LATER = 60;
/** Pixels around the window that count as in sight. */
const MARGIN = 300;
/** Rows that are laid out at a time before they are seen: a row that is laid out while the page is scrolled costs a frame. */
const LAID_OUT = 15;

interface Row {
  readonly element: HTMLElement;
  readonly from: readonly unknown[];
}

export function createRows(): Rows {
  const rows = new Map<string, Row>();
  /** Rows out of sight that are not drawn yet. */
  const owed = new Map<string, WantedRow>();
  let drawing = 0;
  let hidden: HTMLElement[] = [];
  let settling = 0;

  function draw({ name, from, draw: content }: WantedRow, element: HTMLElement): void {
    owed.delete(name);
    rows.set(name, { element, from });
    render(content(), element);
  }

  /** Draws those in sight, and some of the others; all are looked at first, as one that was written to would have to be laid out. */
  function drawSome(wanted: readonly WantedRow[]): void {
    const near: WantedRow[] = [];
    const far: WantedRow[] = [];
    for (const one of wanted) (isNear(rows.get(one.name)?.element) ? near : far).push(one);
    for (const one of [...near, ...far.slice(0, AT_A_TIME)]) {
      const row = rows.get(one.name);
      if (row !== undefined) draw(one, row.element);
    }
    for (const one of far.slice(AT_A_TIME)) owed.set(one.name, one);
    if (drawing === 0 && owed.size > 0) drawing = setTimeout(drawOwed, LATER);
  }

  function drawOwed(): void {
    drawing = 0;
    drawSome([...owed.values()]);
  }

  function isShown({ name }: WantedRow): boolean {
    const row = rows.get(name);
    if (row?.element.isConnected === true) return true;
    rows.delete(name);
    owed.delete(name);
    return false;
  }

  function isOld({ name, from }: WantedRow): boolean {
    const row = rows.get(name);
    const isSame = row !== undefined && from.every((value, index) => value === row.from[index]);
    if (isSame) owed.delete(name);
    return !isSame;
  }

  function enter(wanted: WantedRow, element: Element): void {
    if (!(element instanceof HTMLElement) || rows.get(wanted.name)?.element === element) return;
    draw(wanted, element);
    hidden.push(element);
    if (settling === 0) settling = setTimeout(settle, LATER);
  }

  /** The style sheet leaves rows out of sight undone, so that the first paint is soon. */
  function settle(): void {
    for (const element of hidden.slice(0, LAID_OUT)) element.style.contentVisibility = 'visible';
    hidden = hidden.slice(LAID_OUT);
    settling = hidden.length > 0 ? setTimeout(settle, LATER) : 0;
  }

  function drawInSight(): void {
    if (owed.size > 0) drawSome([...owed.values()]);
  }

  addEventListener('scroll', drawInSight, { passive: true });
  return {
    update(wanted) {
      const old = wanted.filter((one) => isShown(one) && isOld(one));
      if (old.length > 0) drawSome(old);
    },
    place: (wanted) => placed(enter, wanted),
    close() {
      removeEventListener('scroll', drawInSight);
      clearTimeout(drawing);
      clearTimeout(settling);
    },
  };
}

function isNear(element: HTMLElement | undefined): boolean {
  if (element === undefined) return false;
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -MARGIN && top < innerHeight + MARGIN;
}

class Placed extends Directive {
  render(_enter: (wanted: WantedRow, element: Element) => void, _wanted: WantedRow): unknown {
    return nothing;
  }

  override update({ element }: ElementPart, [enter, wanted]: Parameters<Placed['render']>): unknown {
    enter(wanted, element);
    return nothing;
  }
}

const placed = directive(Placed);

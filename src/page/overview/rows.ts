// Rows of the overview, each drawn into its own element: with hundreds of them only what differs is touched, and what is out of sight later.
import { nothing, render, type TemplateResult } from 'lit-html';
import { directive, Directive, type ElementPart } from 'lit-html/directive.js';
import { followScrolling } from '../common/scrolling.ts';

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

type KnownRows = Map<string, Row>;

export function createRows(): Rows {
  const rows: KnownRows = new Map();
  const drawing = createDrawing(rows);
  const settling = createSettling();

  function enter(wanted: WantedRow, element: Element): void {
    if (!(element instanceof HTMLElement) || rows.get(wanted.name)?.element === element) return;
    drawing.draw(wanted, element);
    settling.add(element);
  }

  function isShown({ name }: WantedRow): boolean {
    if (rows.get(name)?.element.isConnected === true) return true;
    rows.delete(name);
    return false;
  }

  return {
    update: (wanted) => drawing.update(wanted.filter(isShown)),
    place: (wanted) => placed(enter, wanted),
    close() {
      drawing.close();
      settling.close();
    },
  };
}

/** Draws rows in sight at once, others a few at a time, and none of these while the page is scrolled. */
function createDrawing(rows: KnownRows): {
  draw(wanted: WantedRow, element: HTMLElement): void;
  update(wanted: readonly WantedRow[]): void;
  close(): void;
} {
  const owed = new Map<string, WantedRow>();
  const scrolling = followScrolling(drawInSight);
  let timer = 0;

  function draw({ name, from, draw: content }: WantedRow, element: HTMLElement): void {
    owed.delete(name);
    rows.set(name, { element, from });
    render(content(), element);
  }

  function drawKnown(one: WantedRow): void {
    const row = rows.get(one.name);
    if (row === undefined) owed.delete(one.name);
    else draw(one, row.element);
  }

  function isInSight({ name }: WantedRow): boolean {
    return isNear(rows.get(name)?.element);
  }

  /** All are looked at first, as one that was written to would have to be laid out for that. */
  function drawSome(wanted: readonly WantedRow[]): void {
    const near: WantedRow[] = [];
    const far: WantedRow[] = [];
    for (const one of wanted) (isInSight(one) ? near : far).push(one);
    const now = scrolling.isMoving() ? 0 : AT_A_TIME;
    for (const one of far.slice(now)) owed.set(one.name, one);
    for (const one of [...near, ...far.slice(0, now)]) drawKnown(one);
    if (timer === 0 && owed.size > 0) timer = setTimeout(drawOwed, LATER);
  }

  function drawOwed(): void {
    timer = 0;
    if (owed.size > 0) drawSome([...owed.values()]);
  }

  function drawInSight(): void {
    if (owed.size > 0) for (const one of [...owed.values()].filter(isInSight)) drawKnown(one);
  }

  return {
    draw,
    update(wanted) {
      for (const { name } of wanted) owed.delete(name);
      drawSome(wanted.filter(({ name, from }) => differs(from, rows.get(name)?.from ?? [])));
    },
    close() {
      scrolling.close();
      clearTimeout(timer);
    },
  };
}

/** Lays new rows out a few at a time: the style sheet leaves those out of sight undone, so that the first paint is soon. */
function createSettling(): { add(element: HTMLElement): void; close(): void } {
  let hidden: HTMLElement[] = [];
  let timer = 0;

  function settle(): void {
    for (const element of hidden.slice(0, LAID_OUT)) element.style.contentVisibility = 'visible';
    hidden = hidden.slice(LAID_OUT);
    timer = hidden.length > 0 ? setTimeout(settle, LATER) : 0;
  }

  return {
    add(element) {
      hidden.push(element);
      if (timer === 0) timer = setTimeout(settle, LATER);
    },
    close: () => clearTimeout(timer),
  };
}

function differs(from: readonly unknown[], before: readonly unknown[]): boolean {
  return from.some((value, index) => value !== before[index]);
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

// Pace of the overview with hundreds of rows: what is seen is drawn at once, the rest a few rows at a time.

export interface Pace {
  /** Begins one drawing of all rows. */
  begin(): void;
  /** True for a row in the window, or near it. */
  isNear(row: Element | null): boolean;
  /** Takes one of the rows out of sight that this drawing has time for; false when there is none left: later, then. */
  take(): boolean;
  close(): void;
}

/** Rows out of sight that one drawing draws, and ms until the next. */
const ROWS = 10;
const LATER = 60;
/** Rows that are laid out at a time before they are seen: a row that is laid out while the page is scrolled costs a frame. */
const LAID_OUT = 15;

export function createPace(redraw: () => void): Pace {
  const near = new WeakSet<Element>();
  const known = new WeakSet<Element>();
  let hidden: HTMLElement[] = [];
  let left = ROWS;
  let behind = 0;
  let settling = 0;

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) near.add(target);
        else near.delete(target);
      }
      if (behind !== 0) redraw();
    },
    { rootMargin: '300px 0px' },
  );

  function findRows(): void {
    for (const row of document.querySelectorAll<HTMLElement>('.row')) {
      if (known.has(row)) continue;
      known.add(row);
      observer.observe(row);
      hidden.push(row);
    }
    if (settling === 0 && hidden.length > 0) settling = setTimeout(settle, LATER);
  }

  /** The style sheet leaves rows out of sight undone, so that the first paint is soon. */
  function settle(): void {
    for (const row of hidden.slice(0, LAID_OUT)) row.style.contentVisibility = 'visible';
    hidden = hidden.slice(LAID_OUT);
    settling = hidden.length > 0 ? setTimeout(settle, LATER) : 0;
  }

  return {
    begin() {
      left = ROWS;
      queueMicrotask(findRows);
    },
    isNear: (row) => row !== null && near.has(row),
    take() {
      left -= 1;
      if (left >= 0) return true;
      if (behind === 0)
        behind = setTimeout(() => {
          behind = 0;
          redraw();
        }, LATER);
      return false;
    },
    close() {
      observer.disconnect();
      clearTimeout(behind);
      clearTimeout(settling);
    },
  };
}

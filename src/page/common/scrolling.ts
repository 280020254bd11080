// Follows whether the page is being scrolled: what nobody waits for is drawn when it rests.

/** Ms after the last movement. */
const REST = 150;

export interface Scrolling {
  isMoving(): boolean;
  close(): void;
}

/** @param onMove called for each movement, before it is painted */
export function followScrolling(onMove: () => void = () => undefined): Scrolling {
  let movedAt = Number.NEGATIVE_INFINITY;
  const moved = (): void => {
    movedAt = performance.now();
    onMove();
  };
  addEventListener('scroll', moved, { passive: true });
  return {
    isMoving: () => performance.now() - movedAt < REST,
    close: () => removeEventListener('scroll', moved),
  };
}

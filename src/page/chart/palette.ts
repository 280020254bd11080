// Colours of a chart as a canvas takes them: it knows no custom properties, so the browser resolves them on an element.

export interface Palette {
  readonly font: string;
  readonly text: string;
  readonly grid: string;
  readonly mark: string;
  readonly limit: string;
  readonly lines: readonly string[];
}

export const COLOURS = 6;

/** Reads the colours of the theme that is shown: once, not with each drawing, as each read makes the browser compute styles. */
export function paletteOf(element: HTMLElement): Palette {
  const read = (name: string): string => {
    element.style.color = `var(--${name})`;
    return getComputedStyle(element).color;
  };
  const palette = {
    font: `11px ${getComputedStyle(element).fontFamily}`,
    text: read('muted'),
    grid: read('hairline'),
    mark: read('beat-again'),
    limit: read('red'),
    lines: Array.from({ length: COLOURS }, (_, index) => read(`line-${index + 1}`)),
  };
  element.style.color = '';
  return palette;
}

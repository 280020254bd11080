// Tab of the browser: the count of what needs a person, in its title and in its sign.

let shown = '';

/** @param needs null while nothing is known */
export function showCount(title: string, needs: number | null, isGone: boolean): void {
  const parts = [title, 'mcp-watchdog'].filter((part) => part !== '');
  const count = needs === null || needs === 0 ? '' : `(${needs}) `;
  const words = `${isGone ? '(not reachable) ' : count}${parts.join(' · ')}`;
  // The browser passes each title on to its window, the same one as well.
  if (document.title !== words) document.title = words;
  const look = isGone || needs === null ? 'grey' : needs > 0 ? 'red' : 'green';
  if (look === shown) return;
  shown = look;
  document
    .querySelector('link[rel="icon"]')
    ?.setAttribute('href', `data:image/svg+xml,${encodeURIComponent(SIGNS[look])}`);
}

const PULSE = 'M3 17h6l4-10 6 18 4-12 2 4h5';
const sign = (colour: string, extra = ''): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="${PULSE}" fill="none" stroke="${colour}" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>${extra}</svg>`;

const SIGNS = {
  green: sign('#2f9e5b'),
  grey: sign('#8b95a1'),
  red: sign('#d02d27', '<circle cx="25" cy="25" r="6" fill="#d02d27"/>'),
} as const;

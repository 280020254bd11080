// Status without what servers wrote and without places on the disk: what any process of this machine may read from our web server.
import { withoutQuotations, withoutQuote } from '../base/cause.ts';

/** Stands for the folder of the watchdog. */
const HOME = '<home>';

/**
 * Returns the value without the words of servers: no `quote`, no `lastLines`, and nothing between “ and ” in any text. A
 * server's output may hold a key or a customer's name, and a web server on loopback answers everybody who has an account.
 *
 * @param hide removes from a text what else is not for everybody
 */
export function publicForm<Value>(value: Value, hide: (text: string) => string = (text) => text): Value {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- texts became other texts, `quote` may be left out everywhere
  return withoutWords(value, hide) as Value;
}

/** Creates a function that hides the home of the watchdog and, within other paths, that of the user. */
export function createPathHider(home: string, userHome: string): (text: string) => string {
  const places = [
    [home, HOME],
    [userHome, '~'],
  ].filter(([place = '']) => place.length > 1);
  return (text) =>
    text.includes('/') || text.includes('\\')
      ? places.reduce((shown, [place = '', word = '']) => shown.replaceAll(place, word), text)
      : text;
}

function withoutWords(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return hide(withoutQuotations(value));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => withoutWords(one, hide));
  const quote: unknown = 'quote' in value ? value.quote : undefined;
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (key === 'quote') return [];
    if (key === 'lastLines') return [[key, []]];
    if (typeof inner !== 'string' || typeof quote !== 'string') return [[key, withoutWords(inner, hide)]];
    return [[key, hide(withoutQuotations(withoutQuote(inner, quote)))]];
  });
  return Object.fromEntries(entries);
}

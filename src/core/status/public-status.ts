// Status without what servers wrote: what any process of this machine may read from our web server.
import { withoutQuotations, withoutQuote } from '../base/cause.ts';
import type { Status } from '../model/status.ts';

/**
 * Returns the status without the words of servers: no `quote`, no `lastLines`, and nothing between “ and ” in any text. A
 * server's output may hold a key or a customer's name, and a web server on loopback answers everybody who has an account.
 */
export function publicStatus(status: Status): Status {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- texts became other texts, `quote` may be left out everywhere
  return withoutWords(status) as Status;
}

function withoutWords(value: unknown): unknown {
  if (typeof value === 'string') return withoutQuotations(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutWords);
  const quote: unknown = 'quote' in value ? value.quote : undefined;
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (key === 'quote') return [];
    if (key === 'lastLines') return [[key, []]];
    if (typeof inner !== 'string' || typeof quote !== 'string') return [[key, withoutWords(inner)]];
    return [[key, withoutQuotations(withoutQuote(inner, quote))]];
  });
  return Object.fromEntries(entries);
}

// Cause of a failure in two parts: our words, which anybody may read, and the words of the server, which not everybody may.

/** `quote`: the server's own text, one safe line; null where it said nothing. */
export interface Cause {
  readonly cause: string;
  readonly quote: string | null;
}

/** Removes the server's words from a text of ours: `answered -32603 No key` becomes `answered -32603`. */
export function withoutQuote(text: string, quote: string | null | undefined): string {
  if (quote === null || quote === undefined || quote === '') return text;
  const at = text.indexOf(quote);
  // Where the text was cut, only the beginning of the quote is in it.
  const begins = at === -1 ? text.indexOf(quote.slice(0, RECOGNISABLE)) : at;
  if (begins === -1) return text;
  const rest = at === -1 ? '' : text.slice(at + quote.length);
  const isEnclosed = /[(“"']$/u.test(text.slice(0, begins));
  const head = text.slice(0, begins).replace(/[\s:(“"']+$/u, '');
  return `${head}${isEnclosed ? rest.replace(/^[)”"']/u, '') : rest}`;
}

const RECOGNISABLE = 16;

/** Writes both parts in one line: `exited with code 3: “DATABASE_URL is not set”`. */
export function describeCause({ cause, quote }: Cause): string {
  const words = quote?.replaceAll(/[“”]/gu, "'").trim() ?? '';
  return words === '' ? cause : `${cause}: “${words}”`;
}

/** Puts the server's words within `text` into quotation marks at its end. */
export function withQuotation(text: string, quote: string | null | undefined): string {
  return describeCause({ cause: withoutQuote(text, quote), quote: quote ?? null });
}

/** Adds a line of output to a text that may quote the server already: `… was -32603: “No key” (last output: “ready”)`. */
export function withLastOutput(text: string, line: string | null): string {
  return line === null ? text : `${text} (${describeCause({ cause: 'last output', quote: line })})`;
}

/** Removes what stands in quotation marks: the words of servers in a text for people. */
export function withoutQuotations(text: string): string {
  return text.includes('“')
    ? text.replaceAll(/ \(last output: “[^”]*(?:”\)?|$)|[:,]?\s*“[^”]*(?:”|$)/gu, '')
    : text;
}

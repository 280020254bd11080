// Bidi controls of foreign text, made visible: one that closes more than its text opened reorders what stands beside it, even in a `bdi`.

/** Embeddings, overrides, isolates, and their ends. Marks and joiners are part of ordinary text, and reach no neighbour. */
const CONTROL = /[\u202A-\u202E\u2066-\u2069]/gu;
/** As JSON may have them. */
const IN_JSON = /[\u202A-\u202E\u2066-\u2069]|\\u20(?:2[a-e]|6[6-9])/iu;

/** Writes each as `\u202e`, as the command line does. */
export function visible(text: string): string {
  return text.replaceAll(CONTROL, (control) => String.raw`\u${control.charCodeAt(0).toString(16)}`);
}

/** Parses JSON with all of its texts made visible. @throws SyntaxError */
export function parseVisible(json: string): unknown {
  const isSafe = !IN_JSON.test(json);
  return JSON.parse(
    json,
    isSafe ? undefined : (_key, value: unknown) => (typeof value === 'string' ? visible(value) : value),
  );
}

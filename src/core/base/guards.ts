// What a value that we did not make turns out to be: parsed JSON, or whatever was thrown.

/** A plain object: neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What `text` says as JSON; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The system's name for what went wrong (`ENOENT`, …); null for errors of another kind. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** What went wrong, in the words of who threw it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

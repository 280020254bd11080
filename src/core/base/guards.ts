// Type guards for values of unknown origin: parsed JSON and caught errors.

/** True for a plain object: neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses `text` as JSON; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the error code of the system (`ENOENT`, …); null for errors without one. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Returns the message of whatever was thrown; a name that could not be looked up in plain words. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(LOOK_UP, (_, code: string, host: string) =>
    code === 'ENOTFOUND'
      ? `no host has the name ${host} (${code})`
      : `the name ${host} cannot be looked up now (${code})`,
  );
}

/** Words of Node for a name without an address, and for a name server that does not answer. */
const LOOK_UP = /\bgetaddrinfo (ENOTFOUND|EAI_AGAIN) (\S+)/u;

// Requests to the daemon: JSON answers and streams, with every failure as a value.
import type { Answer, Fault } from '../model/wire.ts';
import { parseVisible } from '../model/visible.ts';
import { createEventReader, type SentEvent } from '../model/event-stream.ts';

/** Ms after which a question counts as unanswered. */
const PATIENCE = 10_000;
/** A stream that says nothing for longer than its pings are apart is dead, ms. */
const SILENCE = 40_000;

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  /** Key of the session; null without one. */
  readonly key?: string | null;
  readonly signal?: AbortSignal;
}

/** Asks for JSON. */
export async function ask(path: string, options: Ask = {}): Promise<Answer<unknown>> {
  try {
    const response = await fetch(path, request(options, AbortSignal.timeout(PATIENCE)));
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const text = await response.text();
    const value = isJson ? parseVisible(text) : text;
    if (!response.ok) return { ok: false, fault: faultOf(response.status, value) };
    if (isJson) return { ok: true, value };
    return response.status === 204 || value === '' ? { ok: true, value: null } : failed('foreign', FOREIGN);
  } catch (error) {
    return { ok: false, fault: goneBy(error) };
  }
}

/** Passes on the events of a stream until it ends; resolves with why it did. */
export async function listen(
  path: string,
  onEvent: (event: SentEvent) => void,
  options: Ask & { readonly signal: AbortSignal },
): Promise<Fault> {
  const quiet = new AbortController();
  let timer = setTimeout(() => quiet.abort(), SILENCE);
  try {
    const response = await fetch(path, request(options, quiet.signal));
    if (!response.ok) return faultOf(response.status, await response.text());
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!isStream || response.body === null) return { kind: 'foreign', message: FOREIGN };
    const read = createEventReader();
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), SILENCE);
      for (const event of read(decoder.decode(chunk, { stream: true }))) onEvent(event);
    }
    return { kind: 'gone', message: 'The stream ended' };
  } catch (error) {
    return goneBy(error);
  } finally {
    clearTimeout(timer);
  }
}

const FOREIGN = 'Another program answers at this address';

function request({ method = 'GET', body, key = null, signal }: Ask, limit: AbortSignal): RequestInit {
  return {
    method,
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === null ? {} : { 'X-Watchdog-Key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

function faultOf(status: number, value: unknown): Fault {
  const message = wordsOf(value) ?? `HTTP ${status}`;
  if (status === 401) return { kind: 'locked', message };
  if (status === 403) return { kind: 'denied', message };
  if (status === 404 || status === 405) return { kind: 'old', message };
  return { kind: 'said', message };
}

/** Finds what the answer says: `{error}`, `{message, hint}`, or a line of text. */
function wordsOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : (value.split('\n')[0] ?? null);
  if (typeof value !== 'object' || value === null) return null;
  const error: unknown = 'error' in value ? value.error : 'message' in value ? value.message : null;
  if (typeof error === 'object' && error !== null) return wordsOf(error);
  const hint = 'hint' in value && typeof value.hint === 'string' ? ` ${value.hint}` : '';
  return typeof error === 'string' ? `${error}${hint}` : null;
}

function failed(kind: Fault['kind'], message: string): Answer<never> {
  return { ok: false, fault: { kind, message } };
}

function goneBy(error: unknown): Fault {
  return { kind: 'gone', message: error instanceof Error ? error.message : String(error) };
}

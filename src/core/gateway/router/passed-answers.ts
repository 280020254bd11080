// Answers that a server gave: to this very call, or to one for the same list before it was put to sleep.
import { isObject } from '../../base/guards.ts';
import type { JsonObject } from '../../base/json-rpc.ts';
import { paramsOf, resultText } from '../messages.ts';
import type { Era, ToolRules } from '../model.ts';
import { modernResult, responseFor } from '../translate.ts';
import type { Call } from './entries.ts';
import { withoutHidden } from './rules.ts';

interface Response {
  /** Our id of the call. */
  readonly key: string;
  readonly message: JsonObject;
  readonly text: string;
  /** What the server speaks. */
  readonly era: Era;
  readonly rules: ToolRules;
}

/** Writes a server's response for the client that asked, without the tools that are hidden from it. */
export function passedResponse(
  { id, method, era: to }: Call,
  { key, message, text, era, rules }: Response,
): string {
  const edit = { key, id, method, from: era, to };
  const filtered = method === 'tools/list' ? withoutHidden(message, rules) : null;
  return filtered === null
    ? responseFor(message, text, edit)
    : responseFor(filtered, JSON.stringify(filtered), edit);
}

/**
 * Writes the answer to a request for a list of a server that sleeps; null for any other request.
 *
 * @param lists last results, by method
 */
export function answerFromMemory(
  { id, method, era, message }: Call,
  lists: Readonly<Partial<Record<string, JsonObject>>>,
  rules: ToolRules,
): string | null {
  const known = Object.hasOwn(lists, method) ? lists[method] : undefined;
  // Cursors are the server's own.
  if (known === undefined || paramsOf(message)['cursor'] !== undefined) return null;
  const shown = method === 'tools/list' ? withoutHidden({ result: known }, rules)?.['result'] : known;
  const result = isObject(shown) ? shown : known;
  return resultText(id, era === 'modern' ? modernResult(method, result) : result);
}

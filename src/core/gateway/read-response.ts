// Reader of a server's response: parsed whole when it is short, else only as far as a router looks.
import { isObject, parseJson } from '../base/guards.ts';
import type { JsonObject } from '../base/json-rpc.ts';
import { membersOf } from './splice.ts';

/** Longest response that is parsed whole, characters: parsing a long one would hold up all servers. */
const MAX_PARSED = 256 * 1024;

/**
 * Reads a response. Of a long one, values that are objects or lists stand as empty objects, but for the error; null for what
 * is no response.
 *
 * @param isWhole parses it whatever its length is
 */
export function readResponse(text: string, isWhole = false): JsonObject | null {
  const message = isWhole || text.length <= MAX_PARSED ? parseJson(text) : sketchOf(text);
  return isObject(message) && ('result' in message || 'error' in message) ? message : null;
}

function sketchOf(text: string): JsonObject | null {
  const top = membersOf(text);
  if (top === null) return null;
  const result = top.get('result');
  const error = top.get('error');
  return {
    jsonrpc: '2.0',
    ...scalars(text, 0),
    ...(result !== undefined && { result: scalars(text, result.start) }),
    ...(error !== undefined && { error: parseJson(text.slice(error.start, error.end)) }),
  };
}

function scalars(text: string, start: number): JsonObject {
  if (text[start] !== '{' && start !== 0) return {};
  const members = [...(membersOf(text, start) ?? [])];
  return Object.fromEntries(
    members.map(([name, { start: from, end }]) => [
      name,
      /[{[]/.test(text[from] ?? '') || end - from > 1000 ? {} : parseJson(text.slice(from, end)),
    ]),
  );
}

// Rules of a router: what it refuses while a server is away, and which tools it does not show.
import { isObject } from '../../base/guards.ts';
import type { JsonObject } from '../../base/json-rpc.ts';
import { REFUSALS, type Refusal } from '../messages.ts';
import type { Availability, ToolRules } from '../model.ts';
import { isMethodOf } from '../translate.ts';
import type { Call } from './entries.ts';

export const STOPPING: Refusal = REFUSALS.unavailable('The watchdog is stopping', { state: 'stopping' });

/** Says why waiting makes no sense; null when it does. */
export function refusalWhile(availability: Availability): Refusal | null {
  if (availability.kind !== 'away') return null;
  const { state, retryAfter } = availability;
  return REFUSALS.unavailable(`The server is not running (${state})`, {
    state,
    ...(retryAfter !== null && { retryAfter: Math.ceil(retryAfter / 1000) }),
  });
}

/** Says why a request is not taken at all, whatever its server does; null when it is. */
export function refusalOf(
  { session, id, era, method, subject }: Call,
  rules: ToolRules,
  isFull: boolean,
): Refusal | null {
  if (session?.calls.has(id) === true) return REFUSALS.idUnderWay;
  if (!isMethodOf(era, method)) return REFUSALS.unknownMethod;
  if (method === 'tools/call' && subject !== null && !rules.mayCall(subject))
    return REFUSALS.unknownTool(subject);
  return isFull ? REFUSALS.busy('Too many requests are under way') : null;
}

/** Takes hidden tools out of a list of tools; null when nothing is hidden. */
export function withoutHidden(message: JsonObject, rules: ToolRules): JsonObject | null {
  const { result } = message;
  if (!rules.isFilter || !isObject(result)) return null;
  const { tools } = result;
  if (!Array.isArray(tools)) return null;
  const shown = tools.filter((tool) => isObject(tool) && rules.mayCall(String(tool['name'])));
  return { ...message, result: { ...result, tools: shown } };
}

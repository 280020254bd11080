// Messages about losses of a JSON Schema, with the server's own names in them made safe.
import type { JsonType } from './schema-values.ts';
import { truncate, neutralise } from '../base/text.ts';

const LONGEST_PATH = 80;
const LONGEST_VALUE = 30;
const MOST_VALUES = 3;

/** `filter` and `tags` → `filter.tags`; a step like `[]` is added as it is. */
export function joinPath(path: string, step: string): string {
  return path === '' || step.startsWith('[') ? `${path}${step}` : `${path}.${step}`;
}

/** `"filter.tags[]"`; `its input` at the top. */
export function subject(path: string): string {
  return path === '' ? 'its input' : `"${truncate(neutralise(path), LONGEST_PATH)}"`;
}

/** `"limit" takes no number any more`, `"limit" takes only string`. */
export function describeTypes(path: string, lost: readonly JsonType[], left: readonly JsonType[]): string {
  if (lost.join() === 'number' && left.includes('integer'))
    return `${subject(path)} takes only whole numbers`;
  const [gone, stays] = [plain(lost), plain(left)];
  return stays.length > 0 && gone.length > stays.length
    ? `${subject(path)} takes only ${stays.join(' or ')}`
    : `${subject(path)} takes no ${gone.join(' or ')} any more`;
}

/** Leaves out `integer` where `number` is listed. */
function plain(types: readonly JsonType[]): readonly JsonType[] {
  return types.includes('number') ? types.filter((type) => type !== 'integer') : types;
}

/** `"mode" takes no longer "fast"`, `"mode" takes only "a", "b"`. */
export function describeValues(path: string, how: 'no longer' | 'only', values: readonly unknown[]): string {
  const rest = values.length - MOST_VALUES;
  const shown = values.slice(0, MOST_VALUES).map(valueWords).join(', ');
  const takes = how === 'only' ? 'takes only' : 'no longer takes';
  return `${subject(path)} ${takes} ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function valueWords(value: unknown): string {
  if (typeof value === 'string') return `"${truncate(neutralise(value), LONGEST_VALUE)}"`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

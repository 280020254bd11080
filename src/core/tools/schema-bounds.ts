// Bounds on numbers, texts and counts that became tighter.
import type { SchemaNode } from './schema-alternatives.ts';
import { boundsOf, type JsonType, type Limit, limitOf } from './schema-values.ts';

/** Describes the tighter bounds: `must be at most 10`. */
export function lostBounds(type: JsonType, was: SchemaNode, is: SchemaNode): readonly string[] {
  switch (type) {
    case 'string':
      return lostText(was, is);
    case 'integer':
    case 'number':
      return lostNumbers(was, is, type === 'integer');
    case 'array':
      return [...lostCounts(was, is, 'Items'), ...lostDoubles(was, is)];
    case 'object':
      return lostCounts(was, is, 'Properties');
    case 'boolean':
    case 'null':
      return [];
    default:
      return type satisfies never;
  }
}

function lostText(was: SchemaNode, is: SchemaNode): readonly string[] {
  // A pattern or a format may have said the same before, in another way.
  if (isRestricting(was['pattern']) || was['format'] !== undefined) return [];
  const pattern = is['pattern'];
  return [
    ...lostCounts(was, is, 'Length'),
    ...(isRestricting(pattern) ? ['must match a pattern that was not there before'] : []),
  ];
}

function isRestricting(pattern: unknown): boolean {
  return typeof pattern === 'string' && !['', '^', '$', '.*', '^.*', '.*$', '^.*$'].includes(pattern);
}

const UNITS = { Length: 'characters', Items: 'entries', Properties: 'properties' } as const;

function lostCounts(was: SchemaNode, is: SchemaNode, what: keyof typeof UNITS): readonly string[] {
  const before = boundsOf(was, what);
  const after = boundsOf(is, what);
  const unit = UNITS[what];
  return [
    ...(after.least > before.least ? [`must have at least ${after.least} ${unit}`] : []),
    ...(after.most < before.most ? [`must have at most ${after.most} ${unit}`] : []),
  ];
}

function lostDoubles(was: SchemaNode, is: SchemaNode): readonly string[] {
  const mayRepeat = was['uniqueItems'] !== true && boundsOf(was, 'Items').most > 1;
  return is['uniqueItems'] === true && mayRepeat ? ['must not have the same entry twice'] : [];
}

function lostNumbers(was: SchemaNode, is: SchemaNode, isWhole: boolean): readonly string[] {
  const low = limitOf(is, 'minimum');
  const high = limitOf(is, 'maximum');
  return [
    ...(isTighter(low, limitOf(was, 'minimum'), 1) ? [`must be ${limitWords(low, 'least')}`] : []),
    ...(isTighter(high, limitOf(was, 'maximum'), -1) ? [`must be ${limitWords(high, 'most')}`] : []),
    ...lostFractions(was, is, isWhole),
  ];
}

/** @param sign 1 for a lower limit, -1 for an upper one */
function isTighter(now: Limit, before: Limit, sign: 1 | -1): boolean {
  // Generators write the limits of a double as bounds; no value was beyond them before.
  if (Math.abs(now.value) >= Number.MAX_SAFE_INTEGER && now.value * sign < 0) return false;
  if (now.value !== before.value) return sign * now.value > sign * before.value;
  return now.isExclusive && !before.isExclusive && Number.isFinite(now.value);
}

function limitWords({ value, isExclusive }: Limit, which: 'least' | 'most'): string {
  if (!isExclusive) return `at ${which} ${value}`;
  return `${which === 'least' ? 'more' : 'less'} than ${value}`;
}

function lostFractions(was: SchemaNode, is: SchemaNode, isWhole: boolean): readonly string[] {
  const [before, step] = [was['multipleOf'], is['multipleOf']];
  if (typeof step !== 'number' || step <= 0 || before !== undefined) return [];
  // Every whole number is a multiple of what divides 1.
  if (isWhole && Number.isInteger(1 / step)) return [];
  return [`must be a multiple of ${step}`];
}

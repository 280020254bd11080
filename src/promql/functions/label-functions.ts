// label_replace() and label_join().
import { isLabelName, labelIn, type Labels, withLabel, writeKey } from '../model/labels.ts';
import { compileAnchored } from '../regexp/compile.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import type { Element, Vector } from '../model/value.ts';
import { EvaluationError } from '../model/value.ts';

/** What cannot work, whatever the elements are; null when it can. */
export function faultInReplacement(
  target: string,
  pattern: string,
  generation: PrometheusMajor = 3,
): string | null {
  try {
    compileAnchored(pattern, { dotMatchesNewline: true });
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'unknown';
    return `Cannot read the regular expression "${pattern}" (${reason}), found`;
  }
  return faultInJoin(target, generation);
}

/** In Prometheus 3 every text that is not empty names a label. */
export function faultInJoin(target: string, generation: PrometheusMajor = 3): string | null {
  const isName = generation === 3 ? target !== '' : isLabelName(target);
  return isName ? null : `"${target}" is no name of a label, found`;
}

export interface Replacement {
  readonly target: string;
  /** `$1` and `${name}` are what the pattern caught. */
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

/** Computes the labels of an element from its labels. */
export type LabelChange = (labels: Labels) => Labels;

/** Labels whose source the pattern does not match stay as they are. */
export function labelReplacement(
  { target, replacement, source, pattern }: Replacement,
  generation: PrometheusMajor = 3,
): LabelChange {
  const regular = compileAnchored(pattern, { dotMatchesNewline: generation === 3 });
  return (labels) => {
    const found = regular.exec(labelIn(labels, source));
    return found === null ? labels : withLabel(labels, target, expandMatch(replacement, found, found.groups));
  };
}

export interface Join {
  readonly target: string;
  readonly separator: string;
  readonly sources: readonly string[];
}

export function labelJoin({ target, separator, sources }: Join): LabelChange {
  return (labels) => withLabel(labels, target, sources.map((name) => labelIn(labels, name)).join(separator));
}

/** @throws EvaluationError when two elements have the same labels afterwards */
export function changeLabels(elements: Vector, change: LabelChange): Element[] {
  return distinct(elements.map((element) => ({ ...element, labels: change(element.labels) })));
}

/** As Go expands: the longest name counts, and what was not caught is empty. */
export function expandMatch(
  template: string,
  caught: readonly (string | undefined)[],
  named: Readonly<Record<string, string | undefined>> = {},
): string {
  return template.replaceAll(/\$(?:\$|(\w+)|\{(\w+)\})/gu, (whole, plain?: string, braced?: string) => {
    if (whole === '$$') return '$';
    const name = plain ?? braced ?? '';
    return (/^\d+$/u.test(name) ? caught[Number(name)] : named[name]) ?? '';
  });
}

function distinct(elements: Element[]): Element[] {
  if (new Set(elements.map(({ labels }) => writeKey(labels))).size < elements.length)
    throw new EvaluationError('Several series have the same labels after the change');
  return elements;
}

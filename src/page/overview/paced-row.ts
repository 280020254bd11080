// Directive that draws a row anew only when something in it differs, and out of sight only at the pace of the overview.
import { noChange } from 'lit-html';
import { type ChildPart, directive, Directive } from 'lit-html/directive.js';
import type { Pace } from './pace.ts';

interface PacedParts {
  readonly pace: Pace;
  /** What the row is made of. */
  readonly from: readonly unknown[];
  readonly draw: () => unknown;
}

class PacedRow extends Directive {
  private from: readonly unknown[] | null = null;

  render({ draw }: PacedParts): unknown {
    return draw();
  }

  override update({ startNode }: ChildPart, [parts]: [PacedParts]): unknown {
    const { pace, from } = parts;
    const before = this.from;
    if (before !== null) {
      if (from.every((value, index) => value === before[index])) return noChange;
      const row = startNode instanceof Comment ? startNode.nextElementSibling : null;
      if (!pace.isNear(row) && !pace.take()) return noChange;
    }
    this.from = from;
    return this.render(parts);
  }
}

export const pacedRow = directive(PacedRow);

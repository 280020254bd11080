// Hints of tools: what a server may say, and what it says beside that.
import { describe, expect, it } from 'vitest';
import { describeHints, hintsOf } from '../../../src/core/tools/tool-hints.ts';

describe('hintsOf()', () => {
  it('takes what MCP names, as long as it is true or false', () => {
    expect(
      hintsOf({
        title: 'Reads',
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      }),
    ).toEqual({ readOnly: true, destructive: false, idempotent: true, openWorld: false });
    expect(hintsOf({ readOnlyHint: 'yes', openWorldHint: true, other: true })).toEqual({ openWorld: true });
  });

  it.each([undefined, null, 'readOnlyHint', [true], {}, { title: 'Reads' }, { readOnlyHint: 1 }])(
    'finds none in %j',
    (annotations) => expect(hintsOf(annotations)).toBeNull(),
  );
});

describe('describeHints()', () => {
  it.each([
    [{}, ''],
    [{ readOnly: true, destructive: true, idempotent: false }, 'read-only'],
    [
      { readOnly: false, destructive: false, idempotent: true, openWorld: false },
      'writes, not destructive, idempotent, closed world',
    ],
    [{ destructive: true, idempotent: false, openWorld: true }, 'destructive, not idempotent, open world'],
  ] as const)('writes %j as %s', (hints, text) => expect(describeHints(hints).join(', ')).toBe(text));
});

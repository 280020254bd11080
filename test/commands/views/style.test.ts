import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fit, pad, paint, wantsColour, widthOf } from '../../../src/commands/views/style.ts';

describe('widthOf()', () => {
  it.each([
    ['', 0],
    ['plain', 5],
    ['grün', 4],
    ['e\u0301', 1],
    ['日本', 4],
    ['🙂', 2],
    ['👩‍💻', 2],
  ])('%s takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

describe('fit()', () => {
  it('shows a cut, and leaves alone what fits', () => {
    expect([fit('status', 6), fit('status', 5), fit('日本語', 4), fit('x', 0)]).toEqual([
      'status',
      'stat…',
      '日…',
      '',
    ]);
  });

  it('is never wider than asked, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, width) => {
        expect(widthOf(fit(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('pad()', () => {
  it('fills up on either side by columns, not by characters', () => {
    expect([pad('日本', 6), pad('7', 3, 'left')]).toEqual(['日本  ', '  7']);
  });
});

describe('paint()', () => {
  it('colours only where colours are wanted', () => {
    expect([paint('x', 'red', false), paint('x', 'red', true), paint('', 'red', true)]).toEqual([
      'x',
      '\u001B[31mx\u001B[39m',
      '',
    ]);
  });
});

describe('wantsColour()', () => {
  it.each([
    ['a terminal', true, {}, false, true],
    ['a pipe', false, {}, false, false],
    ['a terminal that cannot', true, { TERM: 'dumb' }, false, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, false, true],
    ['FORCE_COLOR into a pipe', false, { FORCE_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false, false],
    ['NO_COLOR against FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false, false],
    ['--no-color against FORCE_COLOR', true, { FORCE_COLOR: '1' }, true, false],
  ])('%s', (_, isTTY, env, refused, wanted) => {
    expect(wantsColour({ isTTY }, env, refused)).toBe(wanted);
  });
});

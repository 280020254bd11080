// Two parts of a cause: the server's words leave our text without a trace, also where it was cut.
import { describe, expect, it } from 'vitest';
import {
  describeCause,
  withLastOutput,
  withoutQuotations,
  withoutQuote,
  withQuotation,
} from '../../../src/core/base/cause.ts';

describe('withoutQuote()', () => {
  it.each([
    [
      'The answer to initialize was -32603 Missing API key',
      'Missing API key',
      'The answer to initialize was -32603',
    ],
    ['HTTP 401: sign in first, 2 of 3', 'sign in first', 'HTTP 401, 2 of 3'],
    ['exec said (boom)', 'boom', 'exec said'],
    ['HTTP 401: “sign in”, 2 of 3', 'sign in', 'HTTP 401, 2 of 3'],
    ['No answer to ping within 5 s', undefined, 'No answer to ping within 5 s'],
    ['It said: a very long text of the ser…', 'a very long text of the server', 'It said'],
  ])('%s', (text, quote, rest) => {
    expect(withoutQuote(text, quote)).toBe(rest);
  });
});

describe('describeCause()', () => {
  it('writes our words and then those of the server, once', () => {
    expect(describeCause({ cause: 'exited with code 3', quote: 'no key' })).toBe(
      'exited with code 3: “no key”',
    );
    expect(describeCause({ cause: 'exited with code 3', quote: null })).toBe('exited with code 3');
  });
});

describe('withoutQuotations()', () => {
  it('removes the words of servers, also of one that writes quotation marks, or in a text that was cut', () => {
    const cause = describeCause({ cause: 'exited with code 3', quote: 'no “key” here' });
    expect(withoutQuotations(`it ended: ${cause}, 3 times`)).toBe('it ended: exited with code 3, 3 times');
    expect(withoutQuotations('it ended: “a very lo…')).toBe('it ended');
    expect(withoutQuotations(withLastOutput('no answer: “x”', 'ready'))).toBe('no answer');
    expect(withoutQuotations(withQuotation('The answer was -32603 No key', 'No key'))).toBe(
      'The answer was -32603',
    );
  });
});

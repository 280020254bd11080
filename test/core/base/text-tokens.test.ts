import { describe, expect, it } from 'vitest';
import { createRedactor, maskTokens, tokensIn } from '../../../src/core/base/text.ts';

// In two parts each: no scanner of repositories shall take them for real.
const TOKENS = [
  ['sk', '-ant-api03-AbCdEf0123456789'],
  ['sk', '_live_0123456789abcdefABCD'],
  ['gh', 'p_0123456789abcdefghijABCDEFGHIJ012345'],
  ['github', '_pat_11ABCDEFG0123456789_abcdefghijklmnop'],
  ['gl', 'pat-AbCdEf0123456789xyzw'],
  ['xo', 'xb-1234567890-abcdefghij'],
  ['AK', 'IAIOSFODNN7EXAMPLE'],
  ['AI', 'zaSyA0123456789abcdefghijklmnopqrstu'],
  ['ey', 'JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'],
  ['h', 'f_abcdefghijABCDEFGHIJklmnopqrstuvwx'],
  ['np', 'm_0123456789abcdefghijABCDEFGHIJ012345'],
  ['S', 'G.abcdefghijklmnopqrstuv.0123456789abcdefghij'],
  ['1234567890:', 'AAabcdefghijklmnopqrstuvwxyz0123456789'],
  ['hv', 's.CAESIabcdefghijklmnopqrst'],
].map((parts) => parts.join(''));

describe('a token of a known form', () => {
  it.each(TOKENS)('is masked wherever it stands: %s', (token) => {
    for (const text of [token, `(${token})`, `--x=${token}&y`, `"${token}",`, `é${token}\n`])
      expect(maskTokens(text, '#')).toBe(text.replace(token, '#'));
    expect(tokensIn(`a ${token} b`)).toEqual([token]);
    expect(createRedactor().scrub(`1.0.0-${token}`)).toBe('1.0.0-[secret]');
    expect(createRedactor().scrubWithin({ tools: [{ name: token }], n: 1 })).toEqual({
      tools: [{ name: '[secret]' }],
      n: 1,
    });
  });

  it('is the hidden part of the address of a webhook', () => {
    const hook = 'https://hooks.slack.com/services/';
    expect(maskTokens(`${hook}T000/B000/XXXX0000`, '#')).toBe(`${hook}#`);
  });

  it.each([
    '@modelcontextprotocol/server-everything@2026.8.31',
    'sha512-abcDEF0123456789abcDEF0123456789==',
    'npm-check-updates',
    'pk-dictionary',
    'npm_config_registry=https://registry.example/',
    'context7_resolve_library_id',
    '2026-01-01T00:00:00.000Z',
    'a1b2c3d4-e5f6-7890-abcd-ef0123456789',
    '/usr/lib/node_modules/mcp-server-git/dist/index.js',
  ])('is nothing like this: %s', (text) => {
    expect(maskTokens(text, '#')).toBe(text);
  });

  it('costs no more time in a text of beginnings than in another', () => {
    for (const beginning of ['-eyJ', 'sk-', '-SG.', 'xoxb', 'AKIA', ' 123456789:AA'])
      expect(maskTokens(beginning.repeat(50_000), '#').length).toBeGreaterThan(0);
  });
});

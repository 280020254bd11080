import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../../src/config/read/env-file.ts';
import { inFolder } from '../temporary.ts';

describe('parseEnvFile()', () => {
  it('reads the forms that a shell reads, and nothing is expanded', () => {
    const text = [
      '# a comment',
      '',
      'export NODE_OPTIONS="--max-old-space-size=256 --no-warnings"',
      'MALLOC_ARENA_MAX=2 # why',
      'export QUOTED=\'a "b" $HOME #c\'',
      String.raw`ESCAPED="say \"hi\" \\ \$5 \n"`,
      'EMPTY=',
      '  export   SPACED="x"   # y  ',
      'TWICE=1',
      'TWICE=2',
      'HASH=a#b',
    ].join('\r\n');
    expect(parseEnvFile(`\uFEFF${text}`)).toEqual({
      env: {
        NODE_OPTIONS: '--max-old-space-size=256 --no-warnings',
        MALLOC_ARENA_MAX: '2',
        QUOTED: 'a "b" $HOME #c',
        ESCAPED: String.raw`say "hi" \ $5 \n`,
        EMPTY: '',
        SPACED: 'x',
        TWICE: '2',
        HASH: 'a#b',
      },
      faults: [],
      unexpanded: [],
    });
  });

  it.each([
    ['hello', 'is not NAME=value'],
    ['export A', 'is not NAME=value'],
    ['1A=x', 'is not NAME=value'],
    ['A =x', 'is not NAME=value'],
    ['A=b c', 'needs quotes'],
    ['A="b', 'quotes that do not enclose'],
    ["A='b' c", 'quotes that do not enclose'],
    ['A=b"c"', 'needs quotes'],
    ['A="b\0"', 'NUL'],
  ])('refuses %j with its line', (line, words) => {
    expect(parseEnvFile(`OK=1\n${line}`).faults).toEqual([
      { line: 2, reason: expect.stringContaining(words) },
    ]);
  });

  it('reads the file that shell scripts start servers with, as it is', () => {
    const text = [
      '#!/bin/bash',
      '# Tuning for MCP servers',
      'set -a',
      'export NODE_OPTIONS="--max-old-space-size=2048 --max-semi-space-size=128"',
      'export UV_THREADPOOL_SIZE=8 MALLOC_ARENA_MAX=2 # one line, two variables',
      'NODE_ENV=production; export NODE_ENV',
      "MCP_LOG_LEVEL='info';",
      'MCP_CACHE_SIZE=1000',
      'export MCP_LOG_LEVEL MCP_CACHE_SIZE',
      'set +a',
    ].join('\n');
    const expected = {
      NODE_OPTIONS: '--max-old-space-size=2048 --max-semi-space-size=128',
      UV_THREADPOOL_SIZE: '8',
      MALLOC_ARENA_MAX: '2',
      NODE_ENV: 'production',
      MCP_LOG_LEVEL: 'info',
      MCP_CACHE_SIZE: '1000',
    };
    expect(parseEnvFile(text)).toEqual({ env: expected, faults: [], unexpanded: [] });
    const script = '. "$0"; env';
    const heard = execFileSync('sh', ['-c', script, inFolder({ 'x.env': text })], { env: {} }).toString();
    for (const [name, value] of Object.entries(expected)) expect(heard).toContain(`${name}=${value}\n`);
  });

  it.each([
    ['A=1;ulimit -n 4096', 'needs quotes'],
    ['A="1";ulimit', 'quotes that do not enclose'],
    ['ulimit -n 4096', 'is not NAME=value'],
    ['. ./other.env', 'is not NAME=value'],
    ['export A B', 'is not NAME=value'],
    ['A=1;B=2;C', 'needs quotes'],
  ])('refuses the commands of a shell: %j', (line, words) => {
    expect(parseEnvFile(line).faults).toEqual([{ line: 1, reason: expect.stringContaining(words) }]);
  });

  it('tells where a shell would have expanded something', () => {
    expect(parseEnvFile('A="$HOME/bin"\nB=\'$HOME\'\nC=${X}\nD="costs $5"').unexpanded).toEqual([1, 3]);
  });

  it('agrees with sh on any value without a $ in quotes', () => {
    const values = fc.array(
      fc.string({ unit: 'grapheme-ascii' }).map((value) => value.replaceAll(/[$`\\"]/g, '')),
      { minLength: 20, maxLength: 20 },
    );
    fc.assert(
      fc.property(values, (list) => {
        const text = list.map((value, index) => `export V${index}="${value}"`).join('\n');
        const script = `. "$0"\n${list.map((_, index) => `printf '%s\\0' "$V${index}"`).join('\n')}`;
        const heard = execFileSync('sh', ['-c', script, inFolder({ 'x.env': text })], { env: {} })
          .toString()
          .split('\0')
          .slice(0, -1);
        expect(Object.values(parseEnvFile(text).env)).toEqual(heard);
      }),
      { numRuns: 5 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { foreignIn } from '../../../src/packages/pypi/install-wheels.ts';

const HASH = `--hash=sha256:${'a'.repeat(64)}`;

describe('foreignIn()', () => {
  it('lets versions with hashes pass', () => {
    const lock = [
      `a==1.0 \\\n    ${HASH} \\\n    ${HASH}\n    # via -r requirements.in\n    # from https://index/simple`,
      `b[x,y]==1!2.0rc1+local \\\n    ${HASH}`,
      `c==1 ; sys_platform == 'win32' \\\n    ${HASH}`,
      '',
    ].join('\n');
    expect(foreignIn(lock)).toBeNull();
  });

  it.each([
    'x @ git+https://example.com/x',
    `x @ https://example.com/x.whl ${HASH}`,
    '-e ./x',
    '--index-url https://example.com',
    'a==1.0',
    `./x.whl ${HASH}`,
  ])('refuses %s', (line) => {
    expect(foreignIn(`a==1.0 \\\n    ${HASH}\n${line}\n`)?.reason).toContain(line.split(' ')[0]);
  });
});

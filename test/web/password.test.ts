import { hashSync } from 'bcryptjs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compareInChild } from '../../src/web/bcrypt-compare.ts';
import { createPasswordCheck } from '../../src/web/password.ts';

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const hashOf = (password: string): string => `$2b$05$${password}`;

/** Compares at once, and writes down what it was asked. */
function build() {
  const compared: string[] = [];
  const check = createPasswordCheck(async (password, hash) => {
    compared.push(password);
    return hash === hashOf(password);
  });
  const users = { ada: hashOf('swordfish'), toString: hashOf('x') };
  return { compared, users, judge: (header?: string) => check.verify(header, users), check };
}

describe('judge()', () => {
  test('knows who is who', async () => {
    const { judge } = build();
    expect(await judge(basic('ada', 'swordfish'))).toBe('right');
    expect(await judge(basic('ada', 'other'))).toBe('wrong');
    expect(await judge(basic('eve', 'swordfish'))).toBe('wrong');
    expect(await judge(basic('constructor', 'x'))).toBe('wrong');
    expect(await judge(basic('toString', 'x'))).toBe('right');
  });

  test.each([undefined, '', 'Basic', 'Basic !', 'Bearer abc', `Basic ${btoa('nocolon')}`, 'Basic YQ== YQ=='])(
    'takes no time over %s',
    async (header) => {
      const { judge, compared } = build();
      expect(await judge(header)).toBe('wrong');
      expect(compared).toEqual([]);
    },
  );

  test('takes as long for a name that nobody has', async () => {
    const { judge, compared } = build();
    await judge(basic('eve', 'guess'));
    expect(compared).toEqual(['guess']);
  });

  test('compares once what is asked again and again, also at the same time, right or wrong', async () => {
    const { judge, compared } = build();
    await Promise.all([judge(basic('ada', 'swordfish')), judge(basic('ada', 'swordfish'))]);
    await judge(basic('ada', 'swordfish'));
    await judge(basic('ada', 'other'));
    await judge(basic('ada', 'other'));
    expect(compared).toEqual(['swordfish', 'other']);
  });

  test('compares anew when the hash of the user changed', async () => {
    const { check, users } = build();
    expect(await check.verify(basic('ada', 'swordfish'), users)).toBe('right');
    expect(await check.verify(basic('ada', 'swordfish'), { ada: hashOf('changed') })).toBe('wrong');
    expect(await check.verify(basic('ada', 'swordfish'), {})).toBe('wrong');
  });

  test('compares one at a time, and turns away who would wait too long', async () => {
    let running = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const check = createPasswordCheck(async () => {
      most = Math.max(most, (running += 1));
      await new Promise<void>((resolve) => waiting.push(resolve));
      running -= 1;
      return false;
    });
    const users = { ada: hashOf('x') };
    const verdicts = Array.from({ length: 12 }, (_, index) => check.verify(basic('ada', `${index}`), users));
    expect(await Promise.all(verdicts.slice(8))).toEqual(['busy', 'busy', 'busy', 'busy']);
    for (let index = 0; index < 8; index += 1) {
      while (waiting.length === 0) await Promise.resolve();
      waiting.shift()?.();
    }
    expect(await Promise.all(verdicts.slice(0, 8))).toEqual(Array.from({ length: 8 }, () => 'wrong'));
    expect(most).toBe(1);
  });

  test('tells of a comparison that failed, and compares the next', async () => {
    let isBroken = true;
    const check = createPasswordCheck(async () => {
      if (isBroken) throw new Error('no process');
      return true;
    });
    const users = { ada: hashOf('x') };
    await expect(check.verify(basic('ada', 'x'), users)).rejects.toThrow('no process');
    isBroken = false;
    expect(await check.verify(basic('ada', 'x'), users)).toBe('right');
  });
});

describe('compareInProcess()', () => {
  const program = fileURLToPath(new URL('../../dist/web/bcrypt-child.js', import.meta.url));
  const compare = (password: string, hash: string) => compareInChild(password, hash, program);

  test.each(['$2a$', '$2b$', '$2y$'])('understands hashes that begin with %s', async (prefix) => {
    const hash = hashSync('swördfish 魚', 4).replace('$2b$', prefix);
    expect(await compare('swördfish 魚', hash)).toBe(true);
    expect(await compare('swordfish', hash)).toBe(false);
  });

  test('leaves our own loop free', async () => {
    const hash = hashSync('swordfish', 10);
    let turns = 0;
    const counter = setInterval(() => (turns += 1), 5);
    await compare('other', hash);
    clearInterval(counter);
    expect(turns).toBeGreaterThan(5);
  });

  test('takes the stand-in for names that nobody has', async () => {
    const hashes: string[] = [];
    const check = createPasswordCheck(async (password, hash) => {
      hashes.push(hash);
      return await compare(password, hash);
    });
    expect(await check.verify(basic('eve', 'x'), { ada: hashSync('x', 4) })).toBe('wrong');
    expect(hashes[0]).toMatch(/^\$2b\$04\$[./A-Za-z0-9]{53}$/);
  });

  test('says when there is no process', async () => {
    await expect(compareInChild('x', 'y', '/no/such/program.js')).rejects.toThrow('/no/such/program.js');
  });
});

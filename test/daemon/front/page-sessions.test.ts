import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPageSessions } from '../../../src/daemon/front/page-sessions.ts';
import { CODE_AGE } from '../../../src/web/session/sessions.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { tempHome } from '../../fakes/temp-home.ts';

function create(listen: string | null = 'http://127.0.0.1:9638') {
  const folder = tempHome().run;
  mkdirSync(folder, { recursive: true });
  const clock = new FakeClock();
  const files = (): string[] => readdirSync(folder).filter((name) => name.startsWith('open-'));
  return { folder, clock, files, page: openPageSessions({ folder, clock, listen: () => listen }) };
}

const codeIn = (text: string): string => /#\/open=([\w-]{43})/u.exec(text)?.[1] ?? '';

test('a private file leads to the link, until it was used', () => {
  const { page, files } = create();
  const { file, link, url } = page.link({ inFile: true });
  if (file === null) throw new Error('there is a file');
  expect([link, url]).toEqual([null, 'http://127.0.0.1:9638/']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('content="0; url=http://127.0.0.1:9638/#/open=');
  expect(page.sessions.begin(codeIn(text))).not.toBeNull();
  expect(files()).toEqual([]);
});

test('a file that nobody used is removed with its code, after a minute and at the next start', async () => {
  const { page, files, clock, folder } = create();
  page.link({ inFile: true });
  expect(files()).toHaveLength(1);
  await clock.advance(CODE_AGE);
  expect(files()).toEqual([]);
  page.link({ inFile: true });
  writeFileSync(join(folder, 'open-mine.html'), '');
  openPageSessions({ folder, clock, listen: () => null });
  expect(files()).toEqual(['open-mine.html']);
});

test('a link to print holds the code; a new session is refused where the network listens without TLS', () => {
  const { page, files } = create('https://0.0.0.0:9638');
  const { link } = page.link({ inFile: false });
  expect(link).toMatch(/^https:\/\/127\.0\.0\.1:9638\/#\/open=[\w-]{43}$/u);
  expect(files()).toEqual([]);
  const open = create('http://192.168.1.4:9638').page;
  expect(open.isAllowed()).toBe(false);
  expect(() => open.link({ inFile: false })).toThrow('the network can listen');
  expect(() => create(null).page.link({ inFile: false })).toThrow('the daemon does not listen');
});

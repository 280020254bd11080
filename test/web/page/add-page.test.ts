import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAIN, pageAssets, readAssets } from '../../../src/web/page/assets.ts';
import { startWeb, type Web } from '../../fakes/web.ts';

let web: Web;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.close());

test('/ is a document that holds nothing of the status and allows scripts of this server alone', async () => {
  const { headers, body } = await web.ask('/');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain('unsafe');
  expect(body).not.toContain('context7');
  expect(body).not.toMatch(/\son\w+=|style="|https?:/u);
  expect(body).toContain('<a href="/status.txt">');
});

test('everything that the document names is there, and a browser may keep it for ever', async () => {
  const { body } = await web.ask('/');
  const paths = [...body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/gu)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(1);
  // Other views, which are loaded when they are opened.
  const { body: main } = await web.ask(paths.find((path) => path.endsWith(MAIN)) ?? '');
  const lazy = [...main.matchAll(/import\(["'`]\.\/([^"'`]+)["'`]\)/gu)].map(([, name = '']) => name);
  expect(lazy.length).toBeGreaterThan(3);
  const beside = lazy.map((name) => `/assets/${pageAssets().hash}/page/${name}`);
  for (const path of [...paths, ...beside]) {
    const { status, headers } = await web.ask(path, { headers: { 'accept-encoding': 'gzip' } });
    expect([path, status]).toEqual([path, 200]);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-type']).toMatch(/^text\/(?:javascript|css); charset=utf-8$/u);
    expect(headers['x-content-type-options']).toBe('nosniff');
  }
});

test('a client without gzip gets the text', async () => {
  const { headers, body } = await web.ask(`/assets/${pageAssets().hash}/${MAIN}`);
  expect(headers['content-encoding']).toBeUndefined();
  expect(body).toContain('trustedTypes');
});

test('another hash, another name and a way out of the folder are not found', async () => {
  const { hash } = pageAssets();
  for (const path of [
    `/assets/0000000000000000/${MAIN}`,
    `/assets/${hash}/page/nothing.js`,
    `/assets/${hash}/..%2f..%2fpackage.json`,
    `/assets/${hash}/page/../../cli.js`,
    `/assets/${hash}/%2e%2e/cli.js`,
  ])
    expect([path, (await web.ask(path)).status]).toEqual([path, 404]);
});

test('the licence of what is bundled goes along', async () => {
  const { hash } = pageAssets();
  expect((await web.ask(`/assets/${hash}/page/lit-html.LICENSE.txt`)).body).toMatch(/copyright/iu);
});

test('a tree that was not built has no assets', () => {
  expect(readAssets('/no/such/folder')).toMatchObject({ preload: [] });
});

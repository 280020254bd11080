import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RequestOrigin, refuseForeignOrigin } from '../../../src/core/base/request-origin.ts';

const PLAIN: RequestOrigin = {
  hosts: ['127.0.0.1:9638'],
  target: '/metrics',
  origin: undefined,
  site: undefined,
  mode: undefined,
  address: '127.0.0.1',
  port: 9638,
};

type Change = Partial<RequestOrigin> & { readonly host?: string | undefined };

function statusFor(change: Change, allowedHosts: string[] = []): number {
  return refuseForeignOrigin(requestWith(change), { allowedHosts })?.status ?? 200;
}

function requestWith({ host, ...change }: Change): RequestOrigin {
  return { ...PLAIN, ...(host === undefined ? {} : { hosts: [host] }), ...change };
}

describe('the Host', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:9638',
    'localhost',
    'localhost:9638',
    'LocalHost:9638',
    '[::1]',
    '[::1]:9638',
  ])('%s is ours', (host) => expect(statusFor({ host })).toBe(200));

  test('has to be there, once', () => {
    expect(statusFor({ hosts: [] })).toBe(403);
    expect(statusFor({ hosts: ['127.0.0.1:9638', '127.0.0.1:9638'] })).toBe(400);
    expect(statusFor({ hosts: ['127.0.0.1:9638', 'evil.example'] })).toBe(400);
  });

  test.each([
    ['http://127.0.0.1:9638/metrics', 200],
    ['HTTP://localhost:9638', 200],
    ['http://evil.example/metrics', 403],
    ['http://127.0.0.1:80/', 403],
    ['http://127.0.0.1:9638@evil.example/', 403],
    ['https://evil.example:9638?x', 403],
    ['ftp://127.0.0.1:9638/', 400],
    ['127.0.0.1:9638', 400],
    ['*', 400],
    ['', 400],
  ])('counts in a target of absolute form as well: %s is answered with %i', (target, status) =>
    expect(statusFor({ target })).toBe(status),
  );

  test.each([
    '',
    'evil.example',
    'evil.example:9638',
    '127.0.0.1:80',
    'localhost:1',
    'localhost.evil.example',
    '127.0.0.1.evil.example:9638',
    'evil.example@127.0.0.1',
    '127.0.0.1@evil.example',
    'localhost:9638:9638',
    'localhost:',
    'localhost:99999999',
    'localhost.',
    '::1',
    '[::1',
    '[::2]',
    '0.0.0.0:9638',
    '127.0.0.1, evil.example',
    '127.0.0.1 ',
    '2130706433',
    '192.168.1.5:9638',
  ])('%s is not', (host) => expect(statusFor({ host })).toBe(403));

  test('may be a name from the config, with its own port or with ours', () => {
    expect(statusFor({ host: 'watchdog.lan' }, ['watchdog.lan'])).toBe(200);
    expect(statusFor({ host: 'Watchdog.lan:9638' }, ['watchdog.lan'])).toBe(200);
    expect(statusFor({ host: 'watchdog.lan:443' }, ['watchdog.lan'])).toBe(403);
    expect(statusFor({ host: 'watchdog.lan:443' }, ['watchdog.lan:443'])).toBe(200);
    expect(statusFor({ host: 'watchdog.lan' }, ['watchdog.lan:443'])).toBe(403);
  });

  test('may be the address that the request came in at', () => {
    expect(statusFor({ host: '192.168.1.5:9638', address: '192.168.1.5' })).toBe(200);
    expect(statusFor({ host: '192.168.1.5:9638', address: '::ffff:192.168.1.5' })).toBe(200);
    expect(statusFor({ host: '[fe80::1]:9638', address: 'fe80::1' })).toBe(200);
  });

  test('that is not on the list is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.webAuthority()), (host) => {
        fc.pre(!/^(127\.0\.0\.1|localhost|\[::1\])(:0*9638)?$/i.test(host));
        expect(statusFor({ host })).toBe(403);
      }),
    );
  });
});

describe('a browser', () => {
  test.each([
    'http://evil.example',
    'null',
    'http://127.0.0.1:3000',
    'http://localhost:9638',
    'file://',
    '',
    'x',
  ])('on a page of %s is refused', (origin) => expect(statusFor({ origin })).toBe(403));

  test('on a page of ours is served', () => {
    expect(statusFor({ origin: 'http://127.0.0.1:9638', site: 'same-origin' })).toBe(200);
    expect(statusFor({ host: 'localhost:9638', origin: 'http://localhost:9638' })).toBe(200);
  });

  test('that was told the address by the user is served', () => {
    expect(statusFor({ site: 'none', mode: 'navigate' })).toBe(200);
  });

  test('on another site is refused, however it asks', () => {
    for (const mode of ['navigate', 'no-cors', 'cors'])
      expect(statusFor({ site: 'cross-site', mode })).toBe(403);
  });

  test('on another port of this machine may follow a link and nothing else', () => {
    expect(statusFor({ site: 'same-site', mode: 'navigate' })).toBe(200);
    expect(statusFor({ site: 'same-site', mode: 'no-cors' })).toBe(403);
  });
});

describe('a page that others may link to', () => {
  const statusOf = (change: Change): number =>
    refuseForeignOrigin(requestWith(change), { isLinkable: true })?.status ?? 200;

  test('opens from a link on any site, and in no other way', () => {
    expect(statusOf({ site: 'cross-site', mode: 'navigate' })).toBe(200);
    for (const mode of ['no-cors', 'cors', 'same-origin', undefined])
      expect(statusOf({ site: 'cross-site', mode })).toBe(403);
  });

  test('still needs a Host of ours, and no other origin', () => {
    expect(statusOf({ site: 'cross-site', mode: 'navigate', host: 'evil.example' })).toBe(403);
    expect(statusOf({ site: 'cross-site', mode: 'navigate', origin: 'http://evil.example' })).toBe(403);
  });
});

// The keys of notification channels: their defaults, and what is refused.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { effectiveYaml } from '../../../src/config/effective.ts';
import { knownKeys } from '../../../src/config/schema/json-schema.ts';
import { MAX_IN_WINDOW } from '../../../src/core/notification/notification-state.ts';
import { PLACEHOLDERS } from '../../../src/core/model/notification.ts';
import { NOTIFY_FAILURES, NOTIFY_SUPPRESSIONS } from '../../../src/core/model/vocabulary.ts';
import { problemsOf, read } from '../temporary.ts';

const withChannel = (channel: object): string =>
  JSON.stringify({ servers: {}, alerts: { notify: [channel] } });

describe('alerts.notify', () => {
  it.each([
    [{ kind: 'desktop' }, { kind: 'desktop', program: null, timeout: 10_000 }],
    [
      { kind: 'webhook', url: 'http://x/y' },
      {
        kind: 'webhook',
        url: 'http://x/y',
        headers: {},
        secret: null,
        template: null,
        timeout: 10_000,
        retries: 3,
      },
    ],
    [
      { kind: 'command', command: ['tell'] },
      { kind: 'command', command: ['tell'], env: {}, timeout: 30_000 },
    ],
  ])('fills in the rest of %j', (channel, whole) => {
    const { config, inactive } = read(withChannel(channel));
    expect(config.alerts.notify).toEqual([whole]);
    expect(inactive).toEqual([]);
  });

  it('takes a program with placeholders, and a template of any depth', () => {
    const desktop = { kind: 'desktop', program: ['alerter', '--title', '{title}'], timeout: '5s' };
    expect(read(withChannel(desktop)).config.alerts.notify).toEqual([{ ...desktop, timeout: 5000 }]);
    const template = { text: '{{ title }}', blocks: [{ n: 1, on: true, none: null }] };
    const webhook = { kind: 'webhook', url: 'http://x/', template };
    expect(read(withChannel(webhook)).config.alerts.notify).toMatchObject([{ template }]);
  });

  it.each<[object, string]>([
    [{ kind: 'mail' }, 'kind: must be one of desktop, webhook, command, got "mail"'],
    [{ kind: 'desktop', program: [] }, 'program: must not be empty'],
    [
      { kind: 'desktop', program: ['x', '{titel}'] },
      'has {titel}, which stands for nothing; did you mean {title}?',
    ],
    [
      { kind: 'webhook', url: 'http://x/', template: { a: [{ b: '{{boddy}}' }] } },
      'has {{boddy}}, which stands for nothing; did you mean {{body}}?',
    ],
    [{ kind: 'webhook', url: 'ftp://x/' }, 'url: must be a url'],
    [{ kind: 'webhook', url: 'http://x/', headers: { 'a b': 'c' } }, 'must be the name of an HTTP header'],
    [
      { kind: 'webhook', url: 'http://x/', headers: { 'Content-Length': '5' } },
      'is set by the HTTP client itself',
    ],
    [
      { kind: 'webhook', url: 'http://x/', headers: { 'transfer-encoding': 'chunked' } },
      'is set by the HTTP client',
    ],
    [{ kind: 'webhook', url: 'http://x/', headers: { A: 'b\r\nC: d' } }, 'must be one line of Latin-1'],
    [{ kind: 'webhook', url: 'http://x/', headers: { A: 'naïve €' } }, 'must be one line of Latin-1'],
    [{ kind: 'webhook', url: 'http://x/', retries: 11 }, 'retries: must be at most 10'],
    [{ kind: 'webhook', url: 'http://x/', timeout: 5 }, 'timeout: must be text with a unit'],
    [{ kind: 'command', command: [] }, 'command: must not be empty'],
    [{ kind: 'command', command: ['x'], timeout: '1h' }, 'timeout: must be at most 5m'],
    [{ kind: 'command', comand: ['x'] }, 'comand'],
  ])('refuses %j', (channel, words) => {
    expect(problemsOf(withChannel(channel)).join('\n')).toContain(words);
  });

  it('keeps keys, headers and the telling part of a url to itself', () => {
    const url = 'https://hooks.example.com/services/T0000/B0000/XXXXXXXXXXXXXXXXXXXXXXXX';
    const secrets = { url, secret: 'a-key-of-ours', headers: { 'X-Api': 'another-secret' } };
    const loaded = read(withChannel({ kind: 'webhook', ...secrets }));
    expect(loaded.secrets).toEqual(
      expect.arrayContaining(['a-key-of-ours', 'another-secret', 'XXXXXXXXXXXXXXXXXXXXXXXX']),
    );
    const shown = effectiveYaml(loaded);
    expect(shown).toContain('https://hooks.example.com/services/T0000/B0000/***');
    expect(shown).not.toMatch(/a-key-of-ours|another-secret|XXXXX/);
    expect(
      problemsOf(withChannel({ kind: 'webhook', ...secrets, url: `${url} x`, retries: -1 })).join(),
    ).not.toMatch(/a-key|another/);
  });
});

describe('docs/notifications.md', () => {
  const text = readFileSync(new URL('../../../docs/notifications.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);

  it.each(examples)('has an example that can be used: %#', (yaml) => {
    expect(problemsOf(`${yaml}\nservers: {}`)).toEqual([]);
  });

  it('names every reason, every key and every placeholder', () => {
    const names = [...NOTIFY_FAILURES, ...NOTIFY_SUPPRESSIONS, ...knownKeys(['alerts', 'notify', 0]).here];
    for (const name of names.filter((name) => name !== 'kind')) expect(text).toContain(`\`${name}\``);
    for (const name of PLACEHOLDERS) expect(text).toContain(`\`{${name}}\``);
    expect(text).toContain(`at most ${MAX_IN_WINDOW} notifications`);
  });
});

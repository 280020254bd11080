// Excerpt of a server's output: what names a fault outlives what follows it, and the quote is the line that says it.
import { describe, expect, it } from 'vitest';
import { createOutputExcerpt, quoteOf } from '../../../src/core/status/output-excerpt.ts';

function excerptOf(lines: readonly string[]): readonly string[] {
  const excerpt = createOutputExcerpt();
  for (const text of lines) excerpt.add({ stream: 'stderr', text });
  return excerpt.lines(20);
}

const START = { hasEnded: true, wasReady: false };

const NODE_STACK = [
  'file:///srv/index.js:12',
  "    throw new Error('Please provide a personal access token');",
  '    ^',
  '',
  'Error: Please provide a personal access token',
  ...Array.from({ length: 50 }, (_, line) => `    at load (node:internal/modules/cjs/loader:${line}:11)`),
  '',
  'Node.js v20.19.0',
].filter((line) => line !== '');

const PYTHON_STACK = [
  'Traceback (most recent call last):',
  ...Array.from({ length: 20 }, (_, line) => [
    `  File "/srv/app.py", line ${line}, in main`,
    '    run()',
  ]).flat(),
  'KeyError: 0',
  'During handling of the above exception, another exception occurred:',
  'Traceback (most recent call last):',
  '  File "/srv/app.py", line 99, in main',
  'ValueError: SLACK_TOKEN has the wrong form',
];

const USAGE = [
  'Please set SLACK_BOT_TOKEN and SLACK_TEAM_ID',
  'Usage: slack-server [options]',
  ...Array.from({ length: 40 }, (_, option) => `  --option-${option} <value>  (required)`),
];

describe('the excerpt of a server that prints much', () => {
  it.each([
    ['a Node stack of fifty lines', NODE_STACK, 'Error: Please provide a personal access token'],
    ['a chain of Python stacks', PYTHON_STACK, 'ValueError: SLACK_TOKEN has the wrong form'],
    ['a usage text after the reason', USAGE, 'Please set SLACK_BOT_TOKEN and SLACK_TEAM_ID'],
    [
      'chatter around one line',
      [
        ...Array.from({ length: 40 }, (_, n) => `loading ${n}`),
        'fatal: no licence',
        ...Array.from({ length: 40 }, (_, n) => `closing ${n}`),
      ],
      'fatal: no licence',
    ],
    [
      'a JSON log',
      ['{"level":"info","msg":"hi"}', '{"level":"error","msg":"listen EADDRINUSE"}'],
      '{"level":"error","msg":"listen EADDRINUSE"}',
    ],
    [
      'words without any such term',
      ['hello', 'The moon is full, so I stay at home'],
      'The moon is full, so I stay at home',
    ],
  ])('keeps and quotes the cause in %s', (_, lines, cause) => {
    const excerpt = excerptOf(lines);
    expect(excerpt).toContain(cause);
    expect(quoteOf(excerpt, START)).toBe(cause);
  });

  it('has the first and the last lines, in order, and shows where some are left out', () => {
    const excerpt = excerptOf(Array.from({ length: 100 }, (_, line) => `line ${line}`));
    expect(excerpt.slice(0, 6)).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', '…']);
    expect(excerpt.at(-1)).toBe('line 99');
    expect(excerpt.filter((line) => line !== '…')).toHaveLength(20);
  });

  it('is all that was printed while that is little', () => {
    expect(excerptOf(['one', '    at two', 'three'])).toEqual(['one', '    at two', 'three']);
  });

  it('says which lines came over stdout, and quotes them without that', () => {
    const excerpt = createOutputExcerpt();
    excerpt.add({ stream: 'stdout', text: 'Error: no key' });
    expect(excerpt.lines(20)).toEqual(['[stdout] Error: no key']);
    expect(quoteOf(excerpt.lines(20), START)).toBe('Error: no key');
  });

  it('forgets the process before', () => {
    const excerpt = createOutputExcerpt();
    excerpt.add({ stream: 'stderr', text: 'fatal: old' });
    excerpt.clear();
    excerpt.add({ stream: 'stderr', text: 'new' });
    expect(excerpt.lines(20)).toEqual(['new']);
  });
});

const NODE_EVENT = [
  'node:events:497',
  "      throw er; // Unhandled 'error' event",
  '      ^',
  'Error: connect ECONNREFUSED 127.0.0.1:5432',
  '    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16)',
  "Emitted 'error' event on Client instance at:",
  '    at Socket.emit (node:events:519:28) {',
  '  errno: -111,',
  "  code: 'ECONNREFUSED',",
  "  syscall: 'connect',",
  "  address: '127.0.0.1',",
  '  port: 5432',
  '}',
  'Node.js v20.20.2',
];

const NPX_MISSING = [
  "npm warn EBADENGINE   required: { node: '>=22' },",
  'npm error code E404',
  'npm error 404 Not Found - GET https://registry.example/no-such-mcp - Not found',
  'npm error 404',
  "npm error 404  'no-such-mcp@*' is not in this registry.",
  'npm error 404',
  'npm error 404 Note that you can also install from a',
  'npm error 404 tarball, folder, http url, or git folder.',
  'npm error A complete log of this run can be found in: /home/me/.npm/_logs/debug-0.log',
];

const NPX_OFFLINE = [
  'npm error code ENOTFOUND',
  'npm error syscall getaddrinfo',
  'npm error network request to https://registry.example/x failed, reason: getaddrinfo ENOTFOUND registry.example',
  'npm error network This is a problem related to network connectivity.',
  'npm error network In most cases you are behind a proxy or have bad network settings.',
  'npm error network',
  'npm error network If you are behind a proxy, please make sure that the',
  "npm error network 'proxy' config is set properly.  See: 'npm help config'",
  'npm error A complete log of this run can be found in: /home/me/.npm/_logs/debug-0.log',
];

const AXIOS = [
  'AxiosError: Request failed with status code 401',
  '    at settle (/srv/node_modules/axios/dist/node/axios.cjs:2049:12) {',
  "  code: 'ERR_BAD_REQUEST',",
  '  config: {',
  '    transitional: { silentJSONParsing: true, clarifyTimeoutError: false },',
  '    headers: Object [AxiosHeaders] {',
  "      Authorization: 'required',",
  '    }',
  '  }',
  '}',
  'Node.js v20.20.2',
];

const RUST = [
  "thread 'main' panicked at src/main.rs:5:5:",
  'DATABASE_URL not present: NotPresent',
  'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace',
];

const JAVA = [
  'Error: A JNI error has occurred, please check your installation and try again',
  'Exception in thread "main" java.lang.UnsupportedClassVersionError: App needs Java 21',
  '\tat java.lang.ClassLoader.defineClass1(Native Method)',
  '\t... 12 more',
];

const PUNYCODE =
  '(node:7) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.';

describe('the quote of a failure', () => {
  it.each([
    ['Node, of an event nobody handles', NODE_EVENT, 'Error: connect ECONNREFUSED 127.0.0.1:5432'],
    [
      'npx, of a package that is not there',
      NPX_MISSING,
      "npm error 404  'no-such-mcp@*' is not in this registry.",
    ],
    ['npx, offline', NPX_OFFLINE, NPX_OFFLINE[2]],
    ['an error with properties', AXIOS, 'AxiosError: Request failed with status code 401'],
    ['Rust', RUST, 'DATABASE_URL not present: NotPresent'],
    ['Java', JAVA, 'Exception in thread "main" java.lang.UnsupportedClassVersionError: App needs Java 21'],
    ['Node, after a warning', [PUNYCODE, 'Error: bad config'], 'Error: bad config'],
    [
      'Python, after a warning',
      ['/srv/app.py:3: DeprecationWarning: please use y', 'ValueError: bad url'],
      'ValueError: bad url',
    ],
    ['an object that says it', ['{', "  error: 'no token',", "  at: 'start'", '}'], "error: 'no token',"],
  ])('is what %s says, not what a runtime adds to it', (_, lines, cause) => {
    expect(quoteOf(excerptOf(lines), START)).toBe(cause);
    expect(quoteOf(excerptOf(lines), { hasEnded: true, wasReady: true })).toBe(cause);
  });
});

describe('quoteOf()', () => {
  it('takes plain words only of a process that has ended: a running one says "ready" too', () => {
    expect(quoteOf(['Server running on stdio'], { hasEnded: false, wasReady: false })).toBeUndefined();
    expect(quoteOf(['Server running on stdio'], START)).toBe('Server running on stdio');
  });

  it('does not blame what it printed when it started for the end of a server that worked', () => {
    const lines = excerptOf([
      'API key missing, limited mode',
      ...Array.from({ length: 60 }, (_, n) => `request ${n}`),
      'Error: write EPIPE',
    ]);
    expect(quoteOf(lines, { hasEnded: true, wasReady: true })).toBe('Error: write EPIPE');
    expect(
      quoteOf(['API key missing, limited mode', 'Error: write EPIPE'], { hasEnded: true, wasReady: true }),
    ).toBe('Error: write EPIPE');
  });

  it('has nothing to say of a server that said nothing', () => {
    expect(quoteOf([], START)).toBeUndefined();
  });
});

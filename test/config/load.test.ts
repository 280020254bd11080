import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/read/problems.ts';
import { specOf } from '../fakes/spec.ts';
import { SHIPPED_ROUTING } from '../../src/core/notification/shipped-routing.ts';
import { inFolder, problemsOf, read } from './temporary.ts';

const SMALLEST = 'servers: {context7: {package: "@upstash/context7-mcp"}}';

const BUILT_IN = ['gateway', 'recording', 'scrape', 'servers', 'slo', 'watchdog'].map((name): unknown =>
  expect.objectContaining({ isBuiltIn: true, path: expect.stringMatching(`/alerting/rules/${name}.yml$`) }),
);

describe('loadConfig()', () => {
  it('fills in every default that the contract names', () => {
    const { config, servers, inactive, warnings } = loadConfig(inFolder({ 'config.yaml': SMALLEST }), {});
    expect(config).toEqual({
      metrics: { host: '127.0.0.1', port: 9638, allowedHosts: [], webConfigFile: null, otlp: null },
      gateway: {
        listen: { host: '127.0.0.1', port: 9639 },
        socket: true,
        allowedHosts: [],
        allowedOrigins: [],
        tokenFile: null,
        maxBody: 4 * 1024 * 1024,
        timeout: 600_000,
        log: 'off',
      },
      sampling: { interval: 15_000 },
      orphans: { reap: false, interval: 300_000, patterns: [], minimumAge: 60_000 },
      schedule: { update: '0 2 * * 0', cleanup: '0 1 * * *', backup: '30 1 * * *' },
      backups: { keep: 14 },
      history: { enabled: true, retention: 6 * 3_600_000, maxBytes: 16 * 1024 * 1024, resolution: 15_000 },
      page: { actors: [] },
      alerts: {
        builtIn: true,
        rules: [...BUILT_IN],
        evaluateEvery: 15_000,
        prometheusVersion: 3,
        repeatEvery: 14_400_000,
        runbookBase: null,
        notify: [{ kind: 'desktop', program: null, timeout: 10_000 }],
        alertmanager: { url: null, configFile: null, routing: SHIPPED_ROUTING },
        prometheus: { url: null },
        webhookToken: null,
      },
    });
    expect(servers).toEqual([
      specOf({
        name: 'context7',
        source: {
          kind: 'package',
          manager: 'npm',
          package: '@upstash/context7-mcp',
          version: 'latest',
          bin: null,
        },
        limits: { memory: { soft: 1024 ** 3, hard: 2 * 1024 ** 3 }, cpu: { soft: 0.8 } },
      }),
    ]);
    expect({ inactive, warnings }).toEqual({ inactive: [], warnings: [] });
  });

  it('is plain data: nothing is lost on the way through JSON', () => {
    const loaded = loadConfig(inFolder({ 'config.yaml': SMALLEST }), {});
    expect(JSON.parse(JSON.stringify(loaded))).toEqual(loaded);
  });

  it.each(['620', '602', '666'])('refuses a file of mode %s, and says the cure', (mode) => {
    const path = inFolder({ 'config.yaml': SMALLEST }, Number.parseInt(mode, 8));
    expect(() => loadConfig(path, {})).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNSAFE', hint: `chmod go-w ${path}` }),
    );
  });

  it.skipIf(process.getuid?.() !== 0)('refuses the file of another user', () => {
    const path = inFolder({ 'config.yaml': SMALLEST });
    chownSync(path, 12_345, 12_345);
    expect(() => loadConfig(path, {})).toThrow(/belongs to user 12345/);
  });

  it('names what is wrong with a file that cannot be read', () => {
    const folder = dirname(inFolder({ 'config.yaml': '' }));
    const fifo = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    const large = inFolder({ 'config.yaml': '# '.padEnd(1024 * 1024 + 1, 'x') });
    const latin1 = inFolder({ 'config.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xe4]) });
    const utf16 = inFolder({ 'config.yaml': Buffer.from(`\uFEFF${SMALLEST}`, 'utf16le') });
    const reasons = {
      [join(folder, 'none.yaml')]: 'no such file',
      [fifo]: 'not a regular file',
      [folder]: 'not a regular file',
      [large]: 'larger than',
      [latin1]: 'not UTF-8',
      [utf16]: 'not UTF-8',
    };
    for (const [path, reason] of Object.entries(reasons)) {
      expect(() => loadConfig(path, {})).toThrow(
        expect.objectContaining({
          code: 'CONFIG_UNREADABLE',
          message: expect.stringContaining(reason),
          // A cure for each.
          hint: expect.any(String),
        }),
      );
    }
  });

  it('warns when others may read a file that holds secrets', () => {
    const secret = 'servers: {a: {command: [x], env: {API_TOKEN: 0123456789abcdef-x}}}';
    expect(loadConfig(inFolder({ 'config.yaml': secret }, 0o644), {}).warnings).toEqual([
      expect.stringContaining('chmod 600'),
    ]);
    expect(loadConfig(inFolder({ 'config.yaml': secret }, 0o600), {}).warnings).toEqual([]);
    expect(loadConfig(inFolder({ 'config.yaml': SMALLEST }, 0o644), {}).warnings).toEqual([]);
  });

  it('reads an envFile beside the config, below what env says', () => {
    const path = inFolder({
      'config.yaml': 'servers: {a: {command: [x], envFile: ./a.env, env: {B: own}}}',
      'a.env':
        '# tuning\nexport NODE_OPTIONS="--max-old-space-size=256"\nUV_THREADPOOL_SIZE=8\nexport B=file\n',
    });
    expect(loadConfig(path, {}).servers[0]?.env).toEqual({
      NODE_OPTIONS: '--max-old-space-size=256',
      UV_THREADPOOL_SIZE: '8',
      B: 'own',
    });
  });

  it('names file and line of what is wrong in an envFile, and of a file that is not there or not safe', () => {
    const path = inFolder({
      'config.yaml':
        'servers:\n  a: {command: [x], envFile: a.env}\n  b: {command: [x], envFile: b.env}\n  c: {command: [x], envFile: c.env}\n',
      'a.env': 'A=1\nthis is wrong\n',
      'c.env': 'A=1',
    });
    chmodSync(join(dirname(path), 'c.env'), 0o666);
    expect(messageOf(path).split('\n').slice(1)).toEqual([
      '  a.env:2: servers.a.envFile: is not NAME=value; write export NAME="value"',
      expect.stringMatching(
        /^ {2}config\.yaml:3: servers\.b\.envFile: cannot be used: .*no such file; make the file/,
      ),
      expect.stringMatching(
        /^ {2}config\.yaml:4: servers\.c\.envFile: cannot be used: .*others may write it.*; chmod go-w/,
      ),
    ]);
  });

  it('resolves paths from the folder of the config, and ~ from home', () => {
    const path = inFolder({
      'config.yaml': 'servers: {a: {command: [x], cwd: work}, b: {command: [x], cwd: ~/b}}',
    });
    mkdirSync(join(dirname(path), 'work'));
    expect(loadConfig(path, {}).servers.map(({ cwd }) => cwd)).toEqual([
      join(dirname(path), 'work'),
      join(homedir(), 'b'),
    ]);
  });

  it('tells all problems of a file, each on one line, in the order of the file', () => {
    const path = inFolder({ 'config.yaml': '' });
    writeFileSync(
      path,
      'servers:\n  a:\n    package: x\n    probe: {intervall: 5s}\n  b:\n    comand: [x]\n    enabled: "yes"\n',
    );
    expect(messageOf(path)).toBe(
      [
        `Cannot use ${path}: 3 problems`,
        '  config.yaml:4: servers.a.probe.intervall: is not a known key, got "5s"; did you mean interval?',
        '  config.yaml:6: servers.b.comand: is not a known key; did you mean command?',
        '  config.yaml:7: servers.b.enabled: must be true or false, got "yes"; write true, without quotes',
      ].join('\n'),
    );
  });
});

function messageOf(path: string): string {
  try {
    loadConfig(path, {});
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

describe('the text of a config', () => {
  it.each([
    ['', /names no servers/],
    ['# nothing\n', /names no servers/],
    ['servers:', /servers: is empty; give it a value/],
    ['[]', /must be a map; write names with their values below it, like name: value$/],
    ['hello', /must be a map, got "hello"; write names/],
    ['servers: {a: {url: "http://x/"}}\nservers: {}', /config\.yaml:2: servers: is there twice/],
    ['servers:\n\ta: 1', /config\.yaml:2: is not valid YAML or JSON: tabs are not allowed/],
    ['servers: {a: {', /is not valid YAML or JSON/],
    ['a: 1\n---\nb: 2', /config\.yaml:3: starts a second YAML document|second YAML document/],
    ['servers: !custom {}', /is not valid YAML or JSON: unresolved tag/],
    ['servers: !!binary aGk=', /YAML tag that means nothing/],
    ['servers: {a: *nothing}', /anchor that is not set/],
    ['servers: &a {b: *a}', /nested deeper than 50/],
    ['? {a: 1}\n: 2', /key that is not a plain word/],
    ['__proto__: {servers: {}}', /key that is not a plain word/],
    ['constructor: 1\nservers: {}', /constructor: is not a known key/],
    ['['.repeat(100_000), /nested deeper than 50/],
    ['- '.repeat(50_000), /nested deeper than 50/],
    ['package: '.repeat(2400), /nested deeper than 50/],
    [`{"a":{ge: ${'package: '.repeat(2400)}`, /nested deeper than 50/],
    ['\n'.repeat(500_000), /more than 400000 words/],
    [bomb(), /too many values/],
    ['servers: {a: {<<: {}, url: "http://x/"}}', /below defaults/],
  ])('is refused with one clear reason: %#', (text, reason) => {
    const problems = problemsOf(text);
    expect(problems.join('\n')).toMatch(reason);
    for (const line of problems) expect(line.length).toBeLessThan(400);
  });

  it('may be JSON, with tabs and a byte order mark, and with $schema', () => {
    const json = JSON.stringify(
      { $schema: './config.schema.json', servers: { a: { command: ['x'] } } },
      null,
      '\t',
    );
    expect(read(`\uFEFF${json}`).servers.map(({ name }) => name)).toEqual(['a']);
  });

  it('may use anchors in reason', () => {
    const text = 'servers:\n  a: {command: [x], probe: &p {interval: 1s}}\n  b: {command: [y], probe: *p}\n';
    expect(read(text).servers.map(({ probe }) => probe.interval)).toEqual([1000, 1000]);
  });

  it('never moves the cursor of the terminal that shows its errors', () => {
    const [line] = problemsOf('servers: {"a\\e[2Jb\\nc": {url: "http://x/"}}');
    expect(line).not.toMatch(/\p{Cc}/u);
  });
});

function bomb(): string {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 10; level += 1)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(',')}]`,
    );
  return lines.join('\n');
}

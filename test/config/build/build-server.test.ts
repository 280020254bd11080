import { describe, expect, it } from 'vitest';
import { inactiveKeys } from '../../../src/config/build/inactive-keys.ts';
import { problemsOf, read } from '../temporary.ts';

function one(server: object, rest: object = {}) {
  const [spec] = read(JSON.stringify({ servers: { a: server }, ...rest })).servers;
  if (spec === undefined) throw new Error('no server');
  return spec;
}

function faultsOf(server: object, rest: object = {}): string[] {
  return problemsOf(JSON.stringify({ servers: { a: server }, ...rest }));
}

describe('a server', () => {
  it('may come from an MCP client: mcpServers, a command as text, its args, its type', () => {
    const text =
      '{"mcpServers": {"files": {"command": "npx", "args": ["-y", "some-server", "/data"], "env": {"A": "b"}, "type": "stdio"}}}';
    expect(read(text).servers[0]).toMatchObject({
      name: 'files',
      source: { kind: 'command', command: ['npx'] },
      args: ['-y', 'some-server', '/data'],
      transport: 'stdio',
    });
  });

  it.each([
    [{ type: 'http', url: 'http://x/mcp' }, 'http'],
    [{ type: 'streamable-http', url: 'http://x/mcp' }, 'http'],
    [{ type: 'sse', url: 'http://x/sse' }, 'sse'],
    [{ transport: 'sse', type: 'sse', url: 'http://x/sse' }, 'sse'],
    [{ url: 'https://x/mcp' }, 'http'],
    [{ package: 'p', url: 'http://x/mcp' }, 'http'],
    [{ package: 'p' }, 'stdio'],
  ])('%j speaks %s', (server, transport) => {
    expect(one(server)).toMatchObject({ transport });
  });

  it('with only a url is watched, with its headers', () => {
    const spec = one({ url: 'https://x/mcp', headers: { Authorization: 'Bearer abcdefgh' } });
    expect(spec).toMatchObject({ source: { kind: 'url' }, headers: { Authorization: 'Bearer abcdefgh' } });
  });

  it('is restarted when files change whose paths start at the config file', () => {
    expect(one({ package: 'p' }).restart).toMatchObject({ watch: [], at: null });
    const { watch, at } = one({
      package: 'p',
      restart: { watch: ['src', '/etc/x', 'src'], at: '0 4 * * *' },
    }).restart;
    expect([watch.map((path) => path.startsWith('/')), watch[1], at]).toEqual([
      [true, true],
      '/etc/x',
      '0 4 * * *',
    ]);
    const shared = { defaults: { restart: { at: '0 4 * * *' } } };
    expect(faultsOf({ url: 'http://x/mcp' }, shared)).toEqual([]);
  });

  it('takes a package with the prefix of its manager for the same one without', () => {
    expect(one({ package: 'npm:@s/p' })).toEqual(one({ package: '@s/p' }));
    expect(one({ package: 'npm' }).source).toMatchObject({ manager: 'npm', package: 'npm' });
  });

  it('reads Python packages, with what is installed beside them', () => {
    expect(
      one({ package: 'pypi:Some_MCP[b,a]', python: '3.12', with: ['mcp<2'], version: '~=1.4' }).source,
    ).toEqual({
      kind: 'package',
      manager: 'pypi',
      package: 'pypi:some-mcp',
      version: '~=1.4',
      bin: null,
      python: { extras: ['a', 'b'], interpreter: '3.12', with: ['mcp<2'] },
    });
    expect(one({ package: 'p' }).source).not.toHaveProperty('python');
  });

  it('keeps a program whose path has spaces when its arguments stand apart', () => {
    expect(one({ command: '/Applications/My App/bin/x', args: ['-v'] }).source).toEqual({
      kind: 'command',
      command: ['/Applications/My App/bin/x'],
    });
  });

  it.each(['', '-x', 'a==1', 'a[', '@s/a', '../a', 'a@1', 'a[b,,c]', 'git+https://x/y', 'a -r x'])(
    'refuses pypi:%s, which names nothing in the Python index',
    (name) => {
      const words = expect.stringContaining('must be pypi: and a name of the Python index');
      expect(faultsOf({ package: `pypi:${name}` })).toEqual(expect.arrayContaining([words]));
    },
  );

  it.each([
    [{}, 'has neither package, command nor url'],
    [{ package: 'p', command: ['x'] }, 'has both package and command'],
    [
      { command: 'node server.js' },
      'must be a list, no shell takes it apart, got "node server.js"; write it as a list: ["node", "server.js"]',
    ],
    [{ command: [] }, 'must not be empty'],
    [{ command: 7 }, 'must be a list of texts'],
    [{ command: [''] }, 'command'],
    [{ package: 'p@1.2.3' }, 'put the version into `version`'],
    [{ package: '-g' }, 'must be the name of an npm package'],
    [{ package: '../p' }, 'must be the name of an npm package'],
    [{ package: 'npm:' }, 'must be the name of an npm package'],
    [{ package: 'npm:npm:p' }, 'must be the name of an npm package'],
    [{ package: 'NPM:p' }, 'must be the name of an npm package'],
    [{ package: 'PyPI:a' }, 'must be pypi: and a name'],
    [{ package: 'npm:pypi:a' }, 'must be the name of an npm package, or pypi: and a name'],
    [{ package: 'oci:image' }, 'command` for anything else, such as [docker, run, --rm, -i, --init, IMAGE]'],
    [{ package: 'pypi:a', version: '^1' }, 'is no version of a Python package, got "^1"; write ~=1.0'],
    [{ package: 'pypi:a', version: '===1' }, 'is no version of a Python package, got "===1"; write ==1'],
    [{ package: 'pypi:a', version: 'next' }, 'is no version of a Python package'],
    [
      { package: 'pypi:a', update: { range: '^1.2' } },
      'is no range of a Python package, got "^1.2"; write ~=1.2',
    ],
    [{ package: 'pypi:a', with: ['-r x'] }, 'must be a name with specifiers or without'],
    [{ package: 'pypi:a', with: ['x @ git+https://y'] }, 'must be a name with specifiers or without'],
    [{ package: 'pypi:a', python: '/x' }, 'must be a version of Python'],
    [{ package: 'p', python: '3.12' }, 'has a meaning only with package: pypi:NAME'],
    [{ package: 'p', with: ['mcp<2'] }, 'has a meaning only with package: pypi:NAME'],
    [{ command: ['x'], python: '3.12' }, 'has a meaning only with package'],
    [{ package: 'p', version: 'git+https://x/y' }, 'must be a version'],
    [{ package: 'p', version: 1.1 }, 'must be text, got 1.1; put it in quotes: "1.1"'],
    [{ package: 'p', env: { PORT: 3000 } }, 'env.PORT: must be text, got 3000; put it in quotes: "3000"'],
    [{ package: 'p', env: { 'A=B': 'x' } }, 'must be the name of an environment variable'],
    [{ package: 'p', env: { A: 'x\0y' } }, 'must not hold a NUL character'],
    [{ package: 'p', args: '--port' }, 'must be a list, got "--port"; write it as a list: ["--port"]'],
    [{ package: 'p', transport: 'http' }, 'is http without a url'],
    [{ package: 'p', transport: 'stdio', url: 'http://x/' }, 'is stdio, which has no url'],
    [{ transport: 'stdio', url: 'http://x/' }, 'needs a program to start'],
    [{ package: 'p', transport: 'htp' }, 'must be one of stdio, http, sse, got "htp"; did you mean http?'],
    [{ url: 'http://x/', transport: 'http', type: 'sse' }, 'keep one of them'],
    [{ url: 'unix:///x' }, 'must be a url with http or https'],
    [{ url: 'http://' }, 'must be a url with http or https'],
    [{ url: 'http://x/', args: ['x'] }, 'has a meaning only with package or command'],
    [{ command: ['x'], version: '1' }, 'has a meaning only with package'],
    [{ url: 'https://x/mcp', headers: { A: 'b\nc' } }, 'must be one line of Latin-1'],
    [{ url: 'https://x/mcp', headers: { 'Content-Length': '0' } }, 'is set by the HTTP client itself'],
    [{ command: ['x'], headers: { A: 'b' } }, 'have no meaning for a stdio server'],
    [{ command: ['x'], probe: { kind: 'http' } }, 'probe.url: is missing for probe kind http'],
    [{ command: ['x'], probe: { kind: 'exec' } }, 'probe.command: is missing for probe kind exec'],
    [{ package: 'p', probe: { interval: 30 } }, 'must be text with a unit, got 30; write it like 30s'],
    [{ package: 'p', probe: { interval: '30' } }, 'must have a unit, got "30"'],
    [{ package: 'p', probe: { interval: '5ms' } }, 'must be at least 100ms'],
    [{ package: 'p', probe: { interval: '30d' } }, 'must be at most 24d'],
    [{ package: 'p', probe: { failures: 0 } }, 'must be at least 1, got 0'],
    [{ package: 'p', probe: { failures: 1.5 } }, 'must be a whole number, got 1.5'],
    [{ package: 'p', probe: { expectStatus: [] } }, 'must be at least 1 long'],
    [{ package: 'p', limits: { memory: { soft: '2GiB', hard: '1GiB' } } }, 'is above hard'],
    [{ package: 'p', limits: { memory: { hard: '512MB' } } }, 'write 512MiB'],
    [{ package: 'p', limits: { cpu: { soft: 0 } } }, 'must be more than 0'],
    [{ package: 'p', restart: { initialDelay: '2m', maxDelay: '1m' } }, 'is above maxDelay'],
    [{ package: 'p', restart: { jitter: 2 } }, 'must be at most 1'],
    [{ package: 'p', restart: { at: 'nightly' } }, 'must have five cron fields'],
    [
      { url: 'http://x/mcp', restart: { at: '0 4 * * *' } },
      'restart.at: has no meaning for a server that only has a url',
    ],
    [{ url: 'http://x/mcp', restart: { watch: ['x'] } }, 'restart.watch: has no meaning'],
    [{ package: 'p', restart: { preventExitCodes: [256] } }, 'preventExitCodes[0]: must be at most 255'],
    [{ package: 'p', restart: { budget: [{ restarts: 5 }] } }, 'budget[0].within: is missing'],
    [
      { package: 'p', dependsOn: ['b'] },
      'names "b", which is no server of this file; name one, or remove it',
    ],
    [{ package: 'p', dependsOn: ['a'] }, 'makes a circle: a -> a'],
    [{ package: 'p', disabled: true }, 'write enabled: false'],
    [{ package: 'p', disabled: 'true' }, 'write enabled: false'],
    [
      { package: 'p', disabled: false },
      'disabled: is not a known key, got false; remove it, or write enabled: true',
    ],
    [{ package: 'p', isActive: false }, 'write enabled: false'],
    [{ package: 'p', isActive: true }, 'remove it, or write enabled: true'],
    [{ package: 'p', enable: false }, 'write enabled: false'],
    [{ baseUrl: 'http://x/' }, 'write url'],
    [{ package: 'p', environment: {} }, 'write env'],
    [{ serverUrl: 'http://x/' }, 'write url'],
    [{ package: 'p', interval: '5s' }, 'did you mean probe.interval?'],
    [{ package: 'p', memory: { soft: '1GiB' } }, 'did you mean limits.memory?'],
    [{ package: 'p', args: null }, 'args: is empty; give it a value, or remove the line'],
  ])('%j is refused with reason and cure', (server, words) => {
    expect(faultsOf(server)).toEqual(expect.arrayContaining([expect.stringContaining(words)]));
  });

  it('gets a name that can be a folder, a file and a label', () => {
    expect(problemsOf('servers: {"My Server": {package: p}}')).toEqual([
      expect.stringMatching(/servers\["My Server"\]: must be a name of a-z.*; write it like my-server/),
    ]);
    expect(problemsOf('servers: {"Übersicht café!": {package: p}}')).toEqual([
      expect.stringMatching(/; write it like ubersicht-cafe$/),
    ]);
    expect(problemsOf('servers: {"..": {package: p}}')).toHaveLength(1);
    expect(problemsOf('servers: {constructor: {package: p}}')).toEqual([]);
  });

  it('gives way with the limit that nobody wrote', () => {
    expect(one({ package: 'p', limits: { memory: { hard: '512MiB' } } }).limits.memory).toEqual({
      soft: 512 * 1024 ** 2,
      hard: 512 * 1024 ** 2,
    });
    expect(one({ package: 'p', limits: { memory: { soft: '4GiB' } } }).limits.memory).toEqual({
      soft: 4 * 1024 ** 3,
      hard: 4 * 1024 ** 3,
    });
    expect(one({ package: 'p', limits: { memory: { soft: '4GiB', hard: null } } }).limits.memory).toEqual({
      soft: 4 * 1024 ** 3,
      hard: null,
    });
    expect(one({ package: 'p', restart: { initialDelay: '2m' } }).restart).toMatchObject({
      initialDelay: 120_000,
      maxDelay: 120_000,
    });
  });
});

describe('defaults', () => {
  it('lie below each server, maps merged and lists replaced', () => {
    const defaults = {
      env: { A: '1', B: '1' },
      args: ['x'],
      probe: { interval: '1s', timeout: '2s' },
      restart: { budget: [] },
    };
    const spec = one(
      { command: ['c'], env: { B: '2' }, args: ['y'], probe: { timeout: '3s' } },
      { defaults },
    );
    expect(spec).toMatchObject({
      env: { A: '1', B: '2' },
      args: ['y'],
      probe: { interval: 1000, timeout: 3000 },
      restart: { budget: [] },
    });
  });

  it('may say what does not concern a server', () => {
    expect(one({ url: 'http://x/' }, { defaults: { args: ['x'], version: '1' } }).source).toEqual({
      kind: 'url',
    });
  });

  it('are complained about once, at their own place', () => {
    expect(faultsOf({ package: 'p' }, { defaults: { probe: { interval: 5 }, tiemout: 1 } })).toEqual([
      expect.stringContaining('defaults.probe.interval: must be text with a unit'),
      expect.stringContaining('defaults.tiemout: is not a known key'),
    ]);
  });
});

describe('dependsOn', () => {
  it('may form any order without a circle', () => {
    const text =
      'servers: {a: {package: p, dependsOn: [b, c]}, b: {package: p, dependsOn: [c]}, c: {package: p}}';
    expect(read(text).servers[0]?.dependsOn).toEqual(['b', 'c']);
  });

  it('shows each circle', () => {
    const text =
      'servers:\n  a: {package: p, dependsOn: [b]}\n  b: {package: p, dependsOn: [c]}\n  c: {package: p, dependsOn: [b]}\n';
    expect(problemsOf(text)).toEqual([expect.stringContaining('makes a circle: b -> c -> b')]);
  });

  it('guesses a mistyped name', () => {
    expect(problemsOf('servers: {a: {package: p, dependsOn: [filez]}, files: {package: p}}')).toEqual([
      expect.stringContaining('names "filez", which is no server of this file; did you mean files?'),
    ]);
  });

  it('reads a chain of thousands', () => {
    const servers = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [
        `s${index}`,
        { command: ['x'], dependsOn: index === 0 ? [] : [`s${index - 1}`] },
      ]),
    );
    expect(read(JSON.stringify({ servers })).servers).toHaveLength(1000);
  });
});

describe('the daemon settings', () => {
  it.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:9638', { host: '::1', port: 9638 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
  ])('listen on %s', (listen, where) => {
    expect(read(JSON.stringify({ metrics: { listen }, servers: {} })).config.metrics).toMatchObject(where);
  });

  it.each([
    ['0.0.0.0:9638', 'is open to the network without a webConfigFile'],
    ['127.0.0.256:9638', 'is open to the network'],
    ['[::]:9638', 'is open to the network'],
    ['127.evil.example:1', 'is open to the network'],
    ['9638', 'must be a host and a port'],
    [':9638', 'must name the host'],
    ['[zz]:1', 'must have a valid host'],
    ['127.0.0.1:65536', 'must have a port from 0 to 65535'],
    [9638, 'must be text like 127.0.0.1:9638'],
  ])('refuse to listen on %s', (listen, words) => {
    expect(problemsOf(JSON.stringify({ metrics: { listen }, servers: {} }))).toEqual([
      expect.stringContaining(words),
    ]);
  });

  it('name a webConfigFile that is missing', () => {
    const metrics = { listen: '0.0.0.0:9638', webConfigFile: 'web.yml' };
    expect(problemsOf(JSON.stringify({ metrics, servers: {} }))).toEqual([
      expect.stringMatching(
        /metrics\.webConfigFile: cannot be used: .*web\.yml: there is no such file; make the file/,
      ),
    ]);
  });

  it.each([
    [{ schedule: { backup: 'daily' } }, 'must have five cron fields'],
    [{ schedule: { backup: '0 25 * * *' } }, 'has a hour that cannot be read, "25"'],
    [{ schedule: { cleanup: '0 1 31 2 *' } }, 'never comes: none of its months has a day 31'],
    [{ schedule: { cleanup: 5 } }, 'must be text with five cron fields'],
    [{ backups: { keep: 0 } }, 'backups.keep'],
    [{ alerts: { notify: [{ kind: 'deskop' }] } }, 'alerts.notify[0].kind'],
    [{ alerts: { notify: [{ kind: 'webhook' }] } }, 'alerts.notify[0].url: is missing'],
    [{ metric: {} }, 'did you mean metrics?'],
    [{ metrics: { listne: 'x' } }, 'did you mean listen?'],
    [{ mcpServers: {} }, 'stands beside servers'],
  ])('%j is refused', (part, words) => {
    expect(problemsOf(JSON.stringify({ servers: {}, ...part }))).toEqual([expect.stringContaining(words)]);
  });

  it('tell which keys are set and not active yet', () => {
    const tree = { servers: { a: { gateway: { spare: true, log: 'off' } }, b: { update: {} } } };
    const patterns = [
      ['servers', '*', 'gateway'],
      ['servers', '*', 'update', 'policy'],
    ];
    expect(inactiveKeys(tree, patterns)).toEqual(['servers.a.gateway.spare']);
    expect(inactiveKeys(tree)).toEqual([]);
  });
});

describe('more processes than one', () => {
  const url = 'http://127.0.0.1:1/mcp';
  const perSession = { mode: 'per-session' };
  const spare = { spare: true };

  it.each<[string, object, string]>([
    ['mode', { url, gateway: perSession }, 'per-session, which needs a server over stdio'],
    ['mode', { command: ['x'], url, gateway: perSession }, 'per-session, which needs a server over stdio'],
    ['spare', { command: ['x'], url, gateway: spare }, 'without a port of its own'],
    ['spare', { command: ['x'], probe: { kind: 'http', url }, gateway: spare }, 'without a port of its own'],
    ['spare', { command: ['x'], gateway: { ...perSession, ...spare } }, 'no meaning with mode per-session'],
  ])('gateway.%s of %j is refused', (key, server, words) => {
    const problems = problemsOf(JSON.stringify({ servers: { a: server } }));
    expect(problems).toEqual([expect.stringContaining(words)]);
    expect(problems[0]).toContain(`servers.a.gateway.${key}`);
  });

  it('are not for a server with a port where the defaults want them', () => {
    const servers = { a: { command: ['x'] }, b: { command: ['x'], url } };
    const text = JSON.stringify({ defaults: { gateway: perSession }, servers });
    expect(read(text).servers.map(({ gateway }) => gateway.mode)).toEqual(['per-session', 'shared']);
  });
});

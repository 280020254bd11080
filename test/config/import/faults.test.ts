import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WatchdogError } from '../../../src/core/base/errors.ts';
import { loaded, machine, settingsOf } from './machine.ts';

function refusal(text: string | Buffer, name = 'home/.cursor/mcp.json', from = 'cursor'): string {
  const here = machine();
  here.write(name, text);
  return told(() => here.importing(from));
}

function told(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    expect(error.message).not.toContain('\n');
    expect(error.hint).not.toBeNull();
    return error.message.replace(/\/\S*?\/(home|project)\//, '$1/');
  }
  throw new Error('It was not refused');
}

describe('a file that cannot be used is refused in one line', () => {
  it.each([
    ['{"mcpServers": {"a": {"command" "b"}}}', 'line 1, column 33: colon expected'],
    ['{\r\n  "mcpServers": {\r\n    "a": {"command": "b"\r\n', 'line 4, column 1: close brace expected'],
    ['{"a": 1} {"b": 2}', 'line 1, column 10: end of file expected'],
    ['{"a": 1} trailing', 'line 1, column 10: invalid symbol'],
    ['{"a": 01, "secret": "sk-0123456789"}', 'line 1, column 8: comma expected'],
    ['"text"', 'it is not a map of settings'],
    ['[]', 'it is not a map of settings'],
    ['null', 'it is not a map of settings'],
  ])('%j', (text, reason) => {
    expect(refusal(text)).toBe(`Cannot import from home/.cursor/mcp.json: ${reason}`);
  });

  it('TOML, without quoting the file', () => {
    const message = refusal(
      '[mcp_servers.a]\ncommand = "x"\ntoken = sk-0123456789\n',
      'home/.codex/config.toml',
      'codex',
    );
    expect(message).toMatch(/^Cannot import from home\/\.codex\/config\.toml: line 3, column \d+: /);
    expect(message).not.toContain('sk-');
  });

  it('ten megabytes of anything, at once', () => {
    const started = performance.now();
    expect(refusal(Buffer.alloc(10 * 1024 ** 2, 'x{"'))).toContain('line 1, column 1: ');
    expect(refusal('['.repeat(10 * 1024 ** 2))).toContain('nested deeper than 200 levels');
    expect(refusal('{"a":'.repeat(1024 ** 2))).toContain('nested deeper than 200 levels');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('bytes that are no text, and files that are too large', () => {
    expect(refusal(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))).toContain('it is not UTF-8 text');
    expect(refusal(Buffer.alloc(65 * 1024 ** 2, ' '))).toContain('it is larger than 64 MiB');
  });

  it('a folder, a pipe, and a file that may not be read', () => {
    const here = machine();
    mkdirSync(`${here.home}/.cursor/mcp.json`, { recursive: true });
    expect(told(() => here.importing('cursor'))).toContain('it is a folder');
    execFileSync('mkfifo', [`${here.root}/pipe.json`]);
    expect(told(() => here.importing(`${here.root}/pipe.json`))).toContain('it is not a regular file');
    chmodSync(here.write('home/x.json', '{}'), 0);
    if (process.getuid?.() !== 0)
      expect(told(() => here.importing('~/x.json'))).toContain('it may not be read by this user');
    here.write('file', '');
    expect(told(() => here.importing(`${here.root}/file/x.json`))).toContain('not a folder');
  });

  it('one that names no servers, and one that is not there', () => {
    const here = machine();
    const path = here.write('package.json', '{"name": "x"}');
    expect(told(() => here.importing(path))).toContain('it names no servers');
    expect(told(() => here.importing('./none.json'))).toContain('there is no such file');
    expect(() => here.importing('curser')).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'Did you mean cursor?' }),
    );
  });

  it('and then nothing of the others is taken over either', () => {
    const here = machine();
    here.put('cursor.json', 'home/.cursor/mcp.json');
    here.write('home/.codex/config.toml', 'a = ');
    expect(() => here.importing('cursor', 'codex')).toThrow('config.toml');
  });
});

describe('what is odd and can be read', () => {
  it.each([
    ['nothing', ''],
    ['blanks', ' \r\n\t'],
    ['a byte order mark alone', '\uFEFF'],
    ['an empty map', '{}'],
    ['servers that are no map', '{"mcpServers": []}'],
  ])('%s is a file without servers', (_, text) => {
    const here = machine();
    here.write('home/.cursor/mcp.json', text);
    const found = here.importing('cursor');
    expect(found).toMatchObject({ servers: [], waiting: [], conflicts: [], skipped: [] });
    expect(found.sources).toMatchObject([{ servers: 0 }]);
  });

  it('a byte order mark, CRLF and comments are no part of what it says', () => {
    const here = machine();
    here.write(
      'home/.cursor/mcp.json',
      '\uFEFF{\r\n// c\r\n"mcpServers": {\r\n"a": {"command": "b", /* d */},\r\n}}\r\n',
    );
    expect(settingsOf(here.importing('cursor'))).toEqual({ a: { command: ['b'] } });
    here.write('home/.codex/config.toml', '\uFEFF[mcp_servers.t]\r\ncommand = "u"\r\n');
    expect(settingsOf(here.importing('codex'))).toEqual({ t: { command: ['u'] } });
  });

  it('an entry of the wrong form is left out with its reason, the others are taken', () => {
    const here = machine();
    const servers = {
      good: { command: 'a', args: [] },
      text: 'npx',
      number: { command: 5 },
      args: { command: 'a', args: '--flag' },
      env: { command: 'a', env: ['A=b'] },
      deep: { command: 'a', args: [{ a: 1 }], env: { A: ['b'] } },
      nothing: {},
      socket: { type: 'ws', url: 'wss://example.com' },
      program: { type: 'stdio', url: 'http://localhost:1/mcp' },
      address: { type: 'http', command: 'a' },
    };
    here.write('home/.cursor/mcp.json', JSON.stringify({ mcpServers: servers }));
    const found = here.importing('cursor');
    expect(Object.keys(settingsOf(found))).toEqual(['good']);
    expect(Object.fromEntries(found.skipped.map(({ name, reason }) => [name, reason]))).toEqual({
      text: 'it is not a map of settings',
      number: 'its command must be text',
      args: 'its args must be a list of texts',
      env: 'its env must be a map of texts',
      deep: 'its args must hold nothing but texts, its env.A must hold nothing but texts',
      nothing: 'it names neither a program nor a url',
      socket: 'its type "ws" is not known here',
      program: 'it is of type stdio and names no program',
      address: 'it is of type http and names no url',
    });
  });

  it('numbers and true without quotes are texts, and their values are not told', () => {
    const here = machine();
    const server = { command: 'a', args: ['--port', 8080], env: { PIN: 4711, ON: true, NONE: null } };
    here.write('home/.cursor/mcp.json', JSON.stringify({ mcpServers: { a: server } }));
    const found = here.importing('cursor');
    expect(settingsOf(found)).toEqual({
      a: { command: ['a', '--port', '8080'], env: { PIN: '4711', ON: 'true' } },
    });
    expect(found.servers[0]?.notes.join()).not.toContain('4711');
  });

  it('what our own reader refuses waits in a comment with the reason', () => {
    const here = machine();
    const server = { command: 'a', env: { 'NOT A NAME': 'x' } };
    here.write('home/.cursor/mcp.json', JSON.stringify({ mcpServers: { a: server, b: { command: 'b' } } }));
    const found = here.importing('cursor');
    expect(Object.keys(settingsOf(found))).toEqual(['b']);
    expect(found.waiting[0]?.reasons).toEqual([
      expect.stringContaining('must be the name of an environment variable'),
    ]);
  });

  it('an empty argument stays one', () => {
    const here = machine();
    here.write('home/.cursor/mcp.json', '{"mcpServers":{"a":{"command":"a","args":["--prefix","","x"]}}}');
    const found = here.importing('cursor');
    expect(settingsOf(found)).toEqual({ a: { command: ['a'], args: ['--prefix', '', 'x'] } });
    expect(loaded(found, here).servers[0]?.args).toEqual(['--prefix', '', 'x']);
  });

  it('names of servers may be anything', () => {
    const here = machine();
    const names = ['__proto__', 'constructor', '', '文件', 'A'.repeat(200), 'a\nb: {command: evil}', '-x-'];
    const text = names.map(
      (name) => `${JSON.stringify(name)}: {"command": ${JSON.stringify(`run-${name.slice(0, 3)}`)}}`,
    );
    here.write('home/.cursor/mcp.json', `{"mcpServers": {${text.join()}}}`);
    const found = here.importing('cursor');
    expect(Object.keys(settingsOf(found)).sort()).toEqual(
      ['proto__', 'constructor', 'server', 'server-2', 'a'.repeat(64), 'a-b-command-evil', 'x'].sort(),
    );
  });

  it('says when others may write the file', () => {
    const here = machine();
    chmodSync(here.write('home/.cursor/mcp.json', '{"mcpServers":{"a":{"command":"b"}}}'), 0o666);
    expect(here.importing('cursor').sources).toMatchObject([{ isWritableByOthers: true }]);
  });
});

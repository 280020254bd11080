import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { ensureClients } from '../../../src/commands/setup/deploy-steps.ts';
import { resolvePaths } from '../../../src/system/files/paths.ts';
import { fakeIo, type FakeIoOptions } from '../../fakes/io.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const SECRET = 'sk-1234567890abcdef1234567890';

const CURSOR = `{
    // my servers
    "mcpServers": {
\t\t"My Files": { "command": "npx", "args": ["-y", "@scope/files", "/tmp"], "env": {"API_KEY": "${SECRET}"}, "autoApprove": ["read"] }, // keep
        "far": { "url": "https://example.com/mcp" },
    }
}
`;

const CODEX = `# mine
model = "x"

# about files
[mcp_servers."my-files"]
# inside
command = "npx"
args = [
  "-y", # a comment
  "@scope/files",
  "/tmp",
]
tool_timeout_sec = 30

[mcp_servers."my-files".env]
API_KEY = "${SECRET}"

# about the screen
[tui]
notice = """
[mcp_servers.fake]
"""`;

const CONFIG = `servers:
  my-files:
    package: "@scope/files"
    version: 1.2.3
    args: [/tmp]
    env: { API_KEY: ${SECRET} }
  far: { url: https://example.com/mcp }
`;

interface Stage {
  readonly home: string;
  readonly user: string;
  file(name: string): string;
  put(name: string, text: string): string;
  run(argv: readonly string[], options?: FakeIoOptions): Promise<{ code: number; out: string; err: string }>;
}

function stage({ config = CONFIG }: { readonly config?: string } = {}): Stage {
  const { home } = tempHome();
  const user = join(home, 'user');
  const file = (name: string): string => join(user, name);
  const put = (name: string, text: string): string => {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };
  put('x', '');
  writeFileSync(join(home, 'config.yaml'), config, { mode: 0o600 });
  return {
    home,
    user,
    file,
    put,
    async run(argv, options = {}) {
      const io = fakeIo({ ...options, env: { HOME: user, MCP_WATCHDOG_HOME: home, ...options.env } });
      const code = await runCli(argv, io);
      return { code, out: io.stdout(), err: io.stderr() };
    },
  };
}

const URL_OF_FILES = 'http://127.0.0.1:9639/my-files/mcp';

describe('init --rewrite', () => {
  it('changes only our entry of a file with comments, shows it without secrets, and takes it back letter by letter', async () => {
    const here = stage();
    const file = here.put('.cursor/mcp.json', CURSOR);
    chmodSync(file, 0o640);
    const { code, out } = await here.run(['init', '--from', 'cursor', '--rewrite', '--yes']);
    expect(code).toBe(0);
    expect(out).toContain('Cursor, ~/.cursor/mcp.json:\n  My Files\n  -   command: "npx"\n');
    expect(out).toContain(`  +   url: "${URL_OF_FILES}"`);
    expect(out).toContain('Changed 1 entry in 1 file.');
    expect(out).not.toContain(SECRET);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('// my servers');
    expect(text).toContain('}, // keep\n        "far": { "url": "https://example.com/mcp" },');
    expect(text).toContain(`"url": "${URL_OF_FILES}"`);
    expect(text).toContain('"autoApprove": [');
    expect(text).not.toContain('npx');
    expect(statSync(file).mode & 0o777).toBe(0o640);

    expect((await here.run(['init', '--from', 'cursor', '--rewrite', '--yes'])).out).toContain(
      'Nothing to change: 1 already use the watchdog.',
    );
    expect(readFileSync(file, 'utf8')).toBe(text);

    const undone = await here.run(['init', '--undo', '--yes']);
    expect(undone).toMatchObject({ code: 0, err: '' });
    expect(undone.out).not.toContain(SECRET);
    expect(readFileSync(file, 'utf8')).toBe(CURSOR);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect((await here.run(['init', '--undo', '--yes'])).out).toBe('Nothing to take back.\n');
    expect(readdirSync(join(here.home, 'backups', 'clients'))).toEqual([]);
  });

  it('does the same in TOML, with a text that only looks like a table, and comments of the next one', async () => {
    const here = stage();
    const file = here.put('.codex/config.toml', CODEX);
    expect((await here.run(['init', '--from', 'codex', '--rewrite', '--yes'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(
      CODEX.replace(
        /command = [\s\S]*?"\n(?=\n# about the screen)/u,
        `url = "${URL_OF_FILES}"\ntool_timeout_sec = 30\n`,
      ).replace('"my-files"', 'my-files'),
    );
    expect((await here.run(['deploy', '--undo', '--yes'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(CODEX);
  });

  it('gives the shim to a client that takes no URL, and to all when the gateway wants a token', async () => {
    const here = stage({ config: `${CONFIG}gateway: { tokenFile: token }\n` });
    writeFileSync(join(here.home, 'token'), 'a-token-of-twenty-four-characters\n', { mode: 0o600 });
    const entry = { command: 'npx', args: ['-y', '@scope/files', '/tmp'], env: { API_KEY: SECRET } };
    const zed = here.put(
      '.config/zed/settings.json',
      JSON.stringify({ context_servers: { 'my-files': entry } }),
    );
    const cursor = here.put('.cursor/mcp.json', JSON.stringify({ mcpServers: { 'my-files': entry } }));
    const { out } = await here.run(['init', '--from', 'zed', '--from', 'cursor', '--rewrite', '--yes']);
    expect(out).not.toContain('a-token-of');
    const shim = expect.arrayContaining([
      expect.stringMatching(/cli\.(js|ts)$/u),
      '--home',
      here.home,
      'connect',
      'my-files',
    ]);
    expect(JSON.parse(readFileSync(zed, 'utf8')).context_servers['my-files']).toEqual({
      source: 'custom',
      command: expect.stringMatching(/^\/.*node/u),
      args: shim,
      env: {},
    });
    expect(JSON.parse(readFileSync(cursor, 'utf8')).mcpServers['my-files'].args).toEqual(shim);
    expect((await here.run(['init', '--from', 'zed', '--rewrite', '--yes'])).out).toContain('already use');
  });

  it('knows the server in the line of uvx of a client, whether the config has the package or the same line', async () => {
    for (const server of ['package: pypi:some-files\n    args: [/tmp]', 'command: [uvx, some-files, /tmp]']) {
      const here = stage({ config: `servers:\n  my-files:\n    ${server}\n` });
      const entry = { command: 'uvx', args: ['some-files@latest', '/tmp'] };
      here.put('.cursor/mcp.json', JSON.stringify({ mcpServers: { 'my-files': entry } }));
      const { code, out } = await here.run(['init', '--from', 'cursor', '--rewrite', '--yes']);
      expect(out).not.toContain('it starts something else');
      expect(code).toBe(0);
    }
  });

  it('leaves a server that is not the one of the config, and says so', async () => {
    const here = stage();
    const text = JSON.stringify({
      mcpServers: { 'my-files': { command: 'npx', args: ['-y', '@scope/files', '/other'] } },
    });
    const file = here.put('.cursor/mcp.json', text);
    const { code, out } = await here.run(['init', '--from', 'cursor', '--rewrite', '--yes']);
    expect(code).toBe(1);
    expect(out).toContain(
      'my-files in ~/.cursor/mcp.json: it starts something else than "my-files" of the config',
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('changes the entries of single projects in the file of Claude Code', async () => {
    const here = stage();
    const site = here.file('site');
    mkdirSync(site);
    const entry = {
      type: 'stdio',
      command: 'npx',
      args: ['-y', '@scope/files', '/tmp'],
      env: { API_KEY: SECRET },
    };
    const file = here.put(
      '.claude.json',
      JSON.stringify({ numStartups: 7, projects: { [site]: { mcpServers: { f: entry } } } }),
    );
    writeFileSync(
      join(here.home, 'config.yaml'),
      `${CONFIG}  here:\n    package: "@scope/files"\n    args: [/tmp]\n    env: { API_KEY: ${SECRET} }\n`,
      { mode: 0o600 },
    );
    const { out } = await here.run(['init', '--from', 'claude-code', '--rewrite', '--yes']);
    expect(out).toContain('f (in ~/site)');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      numStartups: 7,
      projects: { [site]: { mcpServers: { f: { type: 'http', url: URL_OF_FILES } } } },
    });
  });

  it('asks on a terminal, refuses where nobody can be asked, and only shows with --dry-run', async () => {
    const here = stage();
    const file = here.put('.cursor/mcp.json', CURSOR);
    const argv = ['init', '--from', 'cursor', '--rewrite'];
    const refused = await here.run(argv);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('there is no terminal\nhint: Nothing was changed; give --yes');
    expect((await here.run([...argv, '--dry-run'])).out).toContain('Nothing was changed.');
    expect((await here.run([...argv, '--json'])).code).toBe(2);
    expect((await here.run(['init', '--rewrite'])).err).toContain('--from does not say which client');
    expect(readFileSync(file, 'utf8')).toBe(CURSOR);

    for (const [key, isChanged] of [
      ['n', false],
      ['y', true],
    ] as const) {
      const io = fakeIo({
        terminal: { columns: 100, rows: 24 },
        env: { HOME: here.user, MCP_WATCHDOG_HOME: here.home },
      });
      const done = runCli(argv, io);
      await waitFor(() => io.stderr().includes('Change these files? [y/N] '));
      io.press(key);
      await done;
      expect(readFileSync(file, 'utf8') !== CURSOR).toBe(isChanged);
      expect(io.listening()).toBe(0);
    }
  });

  it('imports first where there is no config, then changes the client', async () => {
    const here = stage();
    renameSync(join(here.home, 'config.yaml'), join(here.home, 'away'));
    const file = here.put('.cursor/mcp.json', CURSOR);
    const { code, out } = await here.run(['init', '--from', 'cursor', '--rewrite', '--yes', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      version: 1,
      ok: true,
      data: {
        isWritten: true,
        changed: [{ client: 'cursor', path: file, name: 'My Files', server: 'my-files' }],
        left: [],
      },
    });
    expect(existsSync(join(here.home, 'config.yaml'))).toBe(true);
  });

  it('follows a link of the user, and keeps it', async () => {
    const here = stage();
    const real = here.put('dotfiles/cursor.json', CURSOR);
    mkdirSync(here.file('.cursor'));
    symlinkSync(real, here.file('.cursor/mcp.json'));
    expect((await here.run(['init', '--from', 'cursor', '--rewrite', '--yes'])).code).toBe(0);
    expect(lstatSync(here.file('.cursor/mcp.json')).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain(URL_OF_FILES);
  });

  it('refuses a link that leads out of a project, and a file with several names', async () => {
    const here = stage();
    const real = here.put('elsewhere.json', CURSOR);
    mkdirSync(here.file('site/.cursor'), { recursive: true });
    symlinkSync(real, here.file('site/.cursor/mcp.json'));
    const linked = await here.run([
      'init',
      '--from',
      here.file('site/.cursor/mcp.json'),
      '--rewrite',
      '--yes',
    ]);
    expect(linked.code).toBe(1);
    expect(linked.out).toContain('it is a symbolic link that leads out of its project');
    mkdirSync(here.file('.cursor'));
    linkSync(real, here.file('.cursor/mcp.json'));
    expect((await here.run(['init', '--from', 'cursor', '--rewrite', '--yes'])).out).toContain(
      'several names',
    );
    expect(readFileSync(real, 'utf8')).toBe(CURSOR);
  });

  it.skipIf(process.getuid?.() !== 0)('refuses a file of another user', async () => {
    const here = stage();
    const file = here.put('.cursor/mcp.json', CURSOR);
    chownSync(file, 12_345, 12_345);
    const { out } = await here.run(['init', '--from', 'cursor', '--rewrite', '--yes']);
    expect(out).toContain('it belongs to user 12345');
    expect(readFileSync(file, 'utf8')).toBe(CURSOR);
  });
});

describe('deploy --rewrite', () => {
  it('changes the clients as its last step, and tells how many entries', async () => {
    const here = stage();
    const file = here.put('.cursor/mcp.json', CURSOR);
    const io = fakeIo({ env: { HOME: here.user } });
    const context = {
      paths: resolvePaths(here.home),
      arguments: [],
      flags: { from: ['cursor'], rewrite: true, yes: true },
      colour: false,
      io,
    };
    expect(await ensureClients(context)).toEqual({ detail: '1 of their entries changed in cursor' });
    expect(readFileSync(file, 'utf8')).toContain(URL_OF_FILES);
    expect(await ensureClients(context)).toEqual({ detail: 'nothing changed in cursor' });
  });

  it('asks for nothing that it could not do, before it does anything', async () => {
    const here = stage();
    const { code, err } = await here.run(['deploy', '--rewrite', '--no-service']);
    expect(code).toBe(2);
    expect(err).toContain('--from does not say which client');
  });
});

describe('init --undo', () => {
  it('leaves what was changed since, and gives the rest back', async () => {
    const here = stage();
    const file = here.put('.cursor/mcp.json', CURSOR);
    const codex = here.put('.codex/config.toml', CODEX);
    await here.run(['init', '--from', 'cursor', '--from', 'codex', '--rewrite', '--yes']);
    const changed = readFileSync(file, 'utf8').replace(':9639', ':9640');
    writeFileSync(file, changed);
    const { code, out } = await here.run(['init', '--undo', '--yes']);
    expect(code).toBe(1);
    expect(out).toContain('My Files in ~/.cursor/mcp.json: it was changed since');
    expect(readFileSync(file, 'utf8')).toBe(changed);
    expect(readFileSync(codex, 'utf8')).toBe(CODEX);
  });

  it('keeps what others have written into the file since', async () => {
    const here = stage();
    const file = here.put(
      '.claude.json',
      JSON.stringify({
        mcpServers: {
          'my-files': { command: 'npx', args: ['-y', '@scope/files', '/tmp'], env: { API_KEY: SECRET } },
        },
      }),
    );
    await here.run(['init', '--from', 'claude-code', '--rewrite', '--yes']);
    writeFileSync(
      file,
      JSON.stringify({ numStartups: 8, ...JSON.parse(readFileSync(file, 'utf8')) }, null, 2),
    );
    expect((await here.run(['init', '--undo', '--from', 'claude-code', '--yes'])).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      numStartups: 8,
      mcpServers: { 'my-files': { command: 'npx' } },
    });
  });

  it('takes back only the clients that are named', async () => {
    const here = stage();
    const file = here.put('.cursor/mcp.json', CURSOR);
    await here.run(['init', '--from', 'cursor', '--rewrite', '--yes']);
    await here.run(['init', '--undo', '--from', 'codex', '--yes']);
    expect(readFileSync(file, 'utf8')).not.toBe(CURSOR);
    expect((await here.run(['init', '--undo', '--from', 'nobody', '--yes'])).code).toBe(2);
  });
});

describe('connect --print', () => {
  it.each([
    ['claude-code', `claude mcp add --transport http my-files ${URL_OF_FILES}`],
    ['cursor', `{"mcpServers":{"my-files":{"url":"${URL_OF_FILES}"}}}`],
    ['vscode', `{"servers":{"my-files":{"type":"http","url":"${URL_OF_FILES}"}}}`],
    ['windsurf', `{"mcpServers":{"my-files":{"serverUrl":"${URL_OF_FILES}"}}}`],
    ['gemini', `{"mcpServers":{"my-files":{"httpUrl":"${URL_OF_FILES}"}}}`],
    ['codex', `[mcp_servers.my-files]\n  url = "${URL_OF_FILES}"`],
  ])('gives %s the URL', async (client, line) => {
    const { code, out } = await stage().run(['connect', 'my-files', '--print', client]);
    expect(code).toBe(0);
    expect(out).toContain(`  ${line}\n`);
  });

  it.each(['claude-desktop', 'zed', 'other'])('gives %s the shim', async (client) => {
    const here = stage();
    const { out } = await here.run(['connect', 'my-files', '--print', client, '--json']);
    const [snippet] = JSON.parse(out).data.snippets;
    expect(snippet.kind).toBe('shim');
    expect(snippet.entry.args.slice(-4)).toEqual(['--home', here.home, 'connect', 'my-files']);
  });

  it('prints no token, and says why every client starts the shim', async () => {
    const here = stage({ config: `${CONFIG}gateway: { tokenFile: token }\n` });
    writeFileSync(join(here.home, 'token'), 'a-token-of-twenty-four-characters\n', { mode: 0o600 });
    const { out } = await here.run(['connect', 'my-files', '--print', 'all']);
    expect(out).not.toContain('a-token');
    expect(out).not.toContain('http://');
    expect(out).toContain('Each client starts the shim: the gateway wants a token');
  });

  it('names the nearest client and the nearest server; a server that is only watched is none', async () => {
    const here = stage();
    expect((await here.run(['connect', 'my-files', '--print', 'cursr'])).err).toContain(
      'Did you mean cursor?',
    );
    const unknown = await here.run(['connect', 'my-fils', '--print', 'cursor']);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('Did you mean my-files?');
    expect((await here.run(['connect', 'far', '--print', 'cursor'])).code).toBe(2);
  });
});

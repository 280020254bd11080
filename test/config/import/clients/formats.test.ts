import { describe, expect, it } from 'vitest';
import { NAMED_CLIENTS } from '../../../../src/config/import/clients/registry.ts';
import { loaded, machine, settingsOf } from '../machine.ts';

describe('the file of each client', () => {
  it('Claude Desktop, where nothing is expanded', () => {
    const here = machine();
    here.put('claude_desktop_config.json', 'home/.config/Claude/claude_desktop_config.json');
    const found = here.importing('claude-desktop');
    expect(settingsOf(found)).toEqual({
      context7: { package: '@upstash/context7-mcp' },
      'my-files': {
        package: '@modelcontextprotocol/server-filesystem',
        version: '2025.8.21',
        args: ['/Users/anna/Documents', '/Users/anna/Desktop'],
      },
      github: {
        command: [
          'docker',
          'run',
          '-i',
          '--rm',
          '-e',
          'GITHUB_PERSONAL_ACCESS_TOKEN',
          'ghcr.io/github/github-mcp-server',
        ],
        env: { GITHUB_PERSONAL_ACCESS_TOKEN: 'ghp_0123456789abcdefghijABCDEFGHIJ012345' },
      },
      postgres: {
        package: 'pypi:postgres-mcp',
        args: ['--access-mode=restricted'],
        env: { DATABASE_URI: 'postgresql://anna:pa55word-of-anna@localhost:5432/shop' },
      },
      price: { command: ['node', '/Users/anna/price/build/index.js', '--label=$${env:NOT_EXPANDED_HERE}'] },
    });
    const { servers } = loaded(found, here);
    expect(servers.find(({ name }) => name === 'price')?.source).toMatchObject({
      command: ['node', '/Users/anna/price/build/index.js', '--label=${env:NOT_EXPANDED_HERE}'],
    });
    expect(found.servers.find(({ name }) => name === 'my-files')?.notes).toEqual([
      'is called "My Files" in claude-desktop',
    ]);
    expect(found.servers.find(({ name }) => name === 'github')?.notes).toEqual([
      expect.stringContaining('its container is marked at the start'),
    ]);
  });

  it('Claude Code: of the user, of each project that is still there, and the .mcp.json of this one', () => {
    const here = machine({ environment: { API_KEY: 'k', ASANA_TOKEN: 't' } });
    here.put('claude.json', 'home/.claude.json');
    here.put('project.mcp.json', 'project/.mcp.json');
    const found = here.importing('claude-code');
    expect(settingsOf(found)).toEqual({
      context7: { package: '@upstash/context7-mcp' },
      sentry: { url: 'https://mcp.sentry.dev/mcp' },
      asana: {
        url: 'https://mcp.asana.com/sse',
        transport: 'sse',
        headers: { Authorization: 'Bearer ${env:ASANA_TOKEN}' },
      },
      db: {
        command: ['node', 'tools/db-server.js'],
        cwd: here.folder,
        env: { DB_HOST: '127.0.0.1', LOG_LEVEL: 'info' },
      },
      old: { package: 'old-mcp', version: '0.3.1', enabled: false },
      playwright: { package: '@playwright/mcp', version: '0.0.41', args: ['--headless'] },
      api: { url: 'https://api.example.com/mcp', headers: { 'X-Api-Key': '${env:API_KEY}' } },
    });
    expect(found.skipped).toEqual([
      {
        name: 'gone',
        from: 'claude-code in /nowhere/removed',
        reason: 'its project /nowhere/removed is not there any more',
      },
    ]);
    expect(found.servers.map(({ name, from }) => [name, ...from])).toContainEqual([
      'db',
      `claude-code in ${here.folder}`,
    ]);
    expect(loaded(found, here).warnings).toEqual([]);
  });

  it('Claude Code follows CLAUDE_CONFIG_DIR, and Codex CODEX_HOME', () => {
    const here = machine();
    const moved = { CLAUDE_CONFIG_DIR: `${here.root}/a`, CODEX_HOME: `${here.root}/b` };
    const there = machine({ environment: moved });
    here.write('a/.claude.json', '{"mcpServers":{"one":{"command":"one"}}}');
    here.write('b/config.toml', '[mcp_servers.two]\ncommand = "two"\n');
    expect(Object.keys(settingsOf(there.importing('claude-code', 'codex')))).toEqual(['one', 'two']);
  });

  it('Cursor, with its own variables, a whole line as command, and names that are no names here', () => {
    const here = machine({ environment: { GITHUB_TOKEN: 'ghp_x' } });
    here.put('cursor.json', 'home/.cursor/mcp.json');
    const found = here.importing('cursor');
    expect(settingsOf(found)).toEqual({
      context7: { package: '@upstash/context7-mcp' },
      github: {
        url: 'https://api.githubcopilot.com/mcp/',
        headers: { Authorization: 'Bearer ${env:GITHUB_TOKEN}' },
      },
      linear: { url: 'https://mcp.linear.app/sse', transport: 'sse' },
      memory: {
        package: '@modelcontextprotocol/server-memory',
        env: { MEMORY_FILE_PATH: `${here.home}/memory.json` },
        enabled: false,
      },
      'ubersicht-co': { command: ['bunx', '--bun', 'overview-mcp'] },
    });
    expect(loaded(found, here).servers.find(({ name }) => name === 'github')?.headers).toEqual({
      Authorization: 'Bearer ghp_x',
    });
  });

  it('VS Code of the user: comments, trailing commas, what it would ask for, what only it can fill in', () => {
    const here = machine();
    here.put('vscode.json', 'home/.config/Code/User/mcp.json');
    const found = here.importing('vscode');
    expect(settingsOf(found)).toEqual({
      figma: { url: 'http://127.0.0.1:3845/mcp' },
      fetch: { package: 'pypi:mcp-server-fetch' },
    });
    expect(found.waiting.map(({ server, reasons }) => [server.name, ...reasons])).toEqual([
      [
        'perplexity',
        'needs the environment variable PERPLEXITY_KEY ("Perplexity API Key"); set it, or write the value in its place',
      ],
      ['build', 'holds ${workspaceFolder}, which depends on the folder that is open in the client'],
      ['ask', 'holds ${command:pick.server}, which only the client can fill in'],
    ]);
    expect(found.skipped.map(({ name, reason }) => [name, reason])).toEqual([
      ['socket', 'its url begins with "unix:///", and only http and https can be watched'],
    ]);
    expect(loaded(found, here).servers.map(({ name }) => name)).toEqual(['figma', 'fetch']);
    expect(found.text).toContain('  # perplexity:\n  #   package: server-perplexity-ask\n');
  });

  it('VS Code of a project: its folder is known, and so is its envFile', () => {
    const here = machine({ environment: { PERPLEXITY_KEY: 'pplx' } });
    here.put('vscode.json', 'project/.vscode/mcp.json');
    here.write('project/.env', 'PORT=8123\n');
    const found = here.importing('vscode');
    expect(settingsOf(found)).toMatchObject({
      build: {
        command: ['node', `${here.folder}/tools/build-server.mjs`],
        envFile: `${here.folder}/.env`,
      },
      perplexity: { env: { PERPLEXITY_API_KEY: '${env:PERPLEXITY_KEY}' } },
    });
    expect(loaded(found, here).servers.find(({ name }) => name === 'build')?.env).toEqual({ PORT: '8123' });
  });

  it('an envFile that cannot be used holds back its server only', () => {
    const here = machine({ environment: { PERPLEXITY_KEY: 'pplx' } });
    here.put('vscode.json', 'project/.vscode/mcp.json');
    const found = here.importing('vscode');
    expect(found.waiting.map(({ server }) => server.name)).toEqual(['build', 'ask']);
    expect(found.waiting[0]?.reasons).toEqual([expect.stringContaining('there is no such file')]);
    expect(loaded(found, here).servers).toHaveLength(3);
  });

  it('Codex: TOML, variables handed on, tokens by the name of their variable', () => {
    const here = machine({ environment: { DOCS_TOKEN: 'd', EXAMPLE_TOKEN: 'tok', EXAMPLE_TEAM: 'blue' } });
    here.put('codex.toml', 'home/.codex/config.toml');
    const found = here.importing('codex');
    expect(settingsOf(found)).toEqual({
      context7: { package: '@upstash/context7-mcp', start: { timeout: '60s' } },
      'docs.search': {
        package: 'docs-search-mcp',
        version: '2.1.0',
        bin: 'docs-search',
        args: ['--index', 'main'],
        env: { DOCS_TOKEN: '${env:DOCS_TOKEN}' },
      },
      docs_off: { command: ['python3', '-m', 'docs_off'], cwd: '/srv/docs', enabled: false },
      remote: {
        url: 'https://mcp.example.com/mcp',
        headers: {
          Authorization: 'Bearer ${env:EXAMPLE_TOKEN}',
          'X-Region': 'eu',
          'X-Team': '${env:EXAMPLE_TEAM}',
        },
      },
    });
    const { servers } = loaded(found, here);
    expect(servers.find(({ name }) => name === 'remote')?.headers).toEqual({
      Authorization: 'Bearer tok',
      'X-Region': 'eu',
      'X-Team': 'blue',
    });
  });

  it('Windsurf, where a remote server has a serverUrl', () => {
    const here = machine();
    here.put('windsurf.json', 'home/.codeium/windsurf/mcp_config.json');
    expect(settingsOf(here.importing('windsurf'))).toEqual({
      'remote-docs': {
        url: 'https://docs.example.com/mcp',
        headers: { API_KEY: 'windsurf-key-0123456789' },
      },
      time: { package: 'pypi:mcp-server-time' },
    });
  });

  it('clients that switch a server with isActive and name a baseUrl', () => {
    const here = machine();
    here.write(
      'home/cherry.json',
      JSON.stringify({
        mcpServers: {
          zen: { isActive: true, type: 'streamableHttp', baseUrl: 'http://127.0.0.1:9090/mcp' },
          off: { isActive: false, type: 'stdio', command: 'npx', args: ['-y', 'x-mcp'] },
          idle: { active: false, command: 'idle-mcp' },
          said: { disabled: 'true', command: 'said-mcp' },
          on: { disabled: false, command: 'on-mcp' },
        },
      }),
    );
    expect(settingsOf(here.importing('~/cherry.json'))).toEqual({
      zen: { url: 'http://127.0.0.1:9090/mcp' },
      off: { package: 'x-mcp', enabled: false },
      idle: { command: ['idle-mcp'], enabled: false },
      said: { command: ['said-mcp'], enabled: false },
      on: { command: ['on-mcp'] },
    });
  });

  it('Zed, in its older form too; an extension is left out', () => {
    const here = machine();
    here.put('zed.json', 'home/.config/zed/settings.json');
    const found = here.importing('zed');
    expect(settingsOf(found)).toEqual({
      files: { package: '@modelcontextprotocol/server-filesystem', args: ['/srv'] },
      older: { command: ['/usr/local/bin/older-mcp', 'serve'], env: { MODE: 'quiet' } },
      remote: { url: 'https://zed.example.com/mcp', enabled: false },
    });
    expect(found.skipped).toMatchObject([
      { name: 'postgres-context-server', reason: expect.stringContaining('an extension') },
    ]);
  });

  it('Gemini CLI, where url is the old transport and $NAME a variable', () => {
    const here = machine({ environment: { GEMINI_TEST_KEY: 'g' } });
    here.put('gemini.json', 'home/.gemini/settings.json');
    expect(settingsOf(here.importing('gemini'))).toEqual({
      http: { url: 'http://localhost:3000/mcp' },
      events: { url: 'http://localhost:3001/events', transport: 'sse' },
      python: {
        command: ['python', '-m', 'my_mcp_server'],
        cwd: '/srv/python',
        env: { API_KEY: '${env:GEMINI_TEST_KEY}' },
      },
      old: { command: ['node', '/srv/old.js'], enabled: false },
    });
  });
});

describe('where the files are', () => {
  it('on a Mac', () => {
    const here = machine({ platform: 'darwin' });
    const support = 'home/Library/Application Support';
    here.put('claude_desktop_config.json', `${support}/Claude/claude_desktop_config.json`);
    here.put('vscode.json', `${support}/Code/User/mcp.json`);
    const { sources } = here.importing('claude-desktop', 'vscode');
    expect(sources.map(({ client, servers }) => [client, servers])).toEqual([
      ['claude-desktop', 5],
      ['vscode', 6],
    ]);
  });

  it('follows XDG_CONFIG_HOME on Linux', () => {
    const here = machine();
    here.put('claude_desktop_config.json', 'elsewhere/Claude/claude_desktop_config.json');
    const there = machine({ environment: { XDG_CONFIG_HOME: `${here.root}/elsewhere` } });
    expect(there.importing('claude-desktop').servers).toHaveLength(5);
  });

  it.each(NAMED_CLIENTS)('says where it looked when %s has no file', (client) => {
    expect(() => machine().importing(client)).toThrow(/none of its files is there: (?:~|\/)/);
  });

  it('reads the files of the user and of the project, and each once', () => {
    const here = machine();
    here.write('home/.cursor/mcp.json', '{"mcpServers":{"a":{"command":"a"}}}');
    here.write('project/.cursor/mcp.json', '{"mcpServers":{"b":{"command":"./b"}}}');
    const found = here.importing('cursor', 'cursor');
    expect(found.sources).toHaveLength(2);
    expect(settingsOf(found)).toEqual({
      a: { command: ['a'] },
      b: { command: ['./b'], cwd: here.folder },
    });
  });
});

describe('a file named by its path', () => {
  it.each([
    ['codex.toml', 'codex'],
    ['vscode.json', 'vscode'],
    ['windsurf.json', 'windsurf'],
    ['zed.json', 'zed'],
    ['gemini.json', 'gemini'],
    ['claude.json', 'claude-code'],
    ['claude_desktop_config.json', 'claude-desktop'],
    ['cursor.json', 'portable'],
  ])('%s is recognised as that of %s', (fixture, client) => {
    const here = machine();
    const path = here.put(fixture, `somewhere/${fixture}`);
    expect(here.importing(path).sources).toMatchObject([{ client, path }]);
  });

  it('belongs to the project whose hidden folder it lies in', () => {
    const here = machine();
    here.write(
      'site/.vscode/mcp.json',
      '{"servers":{"s":{"command":"node","args":["${workspaceFolder}/s.js"]}}}',
    );
    expect(settingsOf(here.importing('../site/.vscode/mcp.json'))).toEqual({
      s: { command: ['node', `${here.root}/site/s.js`] },
    });
  });

  it('may begin with ~/, and is called by its path', () => {
    const here = machine();
    here.write(
      'home/my.json',
      '{"mcpServers":{"a":{"command":"a","env":{"A":"${A:-b}","B":"${env:HOME}"}}}}',
    );
    const [server] = here.importing('~/my.json').waiting;
    expect(server?.server).toMatchObject({
      from: ['~/my.json'],
      settings: { env: { A: 'b', B: '${env:HOME}' } },
    });
  });

  it('of VS Code may be settings.json of former times', () => {
    const here = machine();
    here.write(
      'settings.json',
      '{"editor.tabSize": 2, "mcp": {"inputs": [], "servers": {"a": {"command": "a"}}}}',
    );
    expect(settingsOf(here.importing(`${here.root}/settings.json`))).toEqual({ a: { command: ['a'] } });
  });
});

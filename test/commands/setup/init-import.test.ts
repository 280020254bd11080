import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { machine } from '../../config/import/machine.ts';
import type { Machine } from '../../config/import/machine.ts';
import { fakeIo } from '../../fakes/io.ts';
import type { FakeIoOptions } from '../../fakes/io.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const SECRETS = ['ghp_0123456789abcdefghijABCDEFGHIJ012345', 'pa55word-of-anna'];

async function init(
  argv: readonly string[],
  { here, home = missingHome().home, ...options }: FakeIoOptions & { here: Machine; home?: string },
): Promise<{ code: number; out: string; err: string; config: string }> {
  const env = {
    HOME: here.home,
    MCP_WATCHDOG_HOME: home,
    XDG_CONFIG_HOME: `${here.home}/.config`,
    ...options.env,
  };
  const io = fakeIo({ ...options, env });
  const code = await runCli(['init', ...argv], io);
  return { code, out: io.stdout(), err: io.stderr(), config: `${home}/config.yaml` };
}

function desktop(): { here: Machine; file: string } {
  const here = machine();
  return {
    here,
    file: here.put('claude_desktop_config.json', 'home/.config/Claude/claude_desktop_config.json'),
  };
}

describe('init --from', () => {
  it('writes a private config that can be used, and says what was done and what comes next', async () => {
    const { here } = desktop();
    const { code, out, err, config } = await init(['--from', 'claude-desktop'], { here });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(loadConfig(config, {}).servers).toHaveLength(5);
    expect(out).toContain('Read ~/.config/Claude/claude_desktop_config.json: 5 servers\n');
    expect(out).toMatch(/\nSERVER +HOW +FROM\ncontext7 +package @upstash\/context7-mcp +claude-desktop\n/);
    expect(out).toContain('my-files: is called "My Files" in claude-desktop');
    expect(out).toContain('The clients keep starting theirs');
    expect(out).toContain('Next: mcp-watchdog config validate, then mcp-watchdog start');
    for (const secret of SECRETS) expect(out).not.toContain(secret);
  });

  it('leaves the file of the client as it is: bytes, times and mode', async () => {
    const { here, file } = desktop();
    utimesSync(file, 1_600_000_000, 1_600_000_000);
    const before = [readFileSync(file), statSync(file).mtimeMs, statSync(file).mode, statSync(file).ino];
    await init(['--from', 'claude-desktop'], { here });
    await init(['--from', file, '--dry-run'], { here });
    expect([readFileSync(file), statSync(file).mtimeMs, statSync(file).mode, statSync(file).ino]).toEqual(
      before,
    );
  });

  it('takes several clients into one file, and exits with 1 where they differ', async () => {
    const { here } = desktop();
    here.put('cursor.json', 'home/.cursor/mcp.json');
    const { code, out, config } = await init(['--from', 'claude-desktop', '--from', 'cursor'], {
      here,
      env: { GITHUB_TOKEN: 'ghp_another0123456789' },
    });
    expect(code).toBe(1);
    expect(out).toMatch(/context7 +package @upstash\/context7-mcp +claude-desktop, cursor\n/);
    expect(out).toMatch(
      /none is started: choose in the file\n {2}github\n {4}claude-desktop: command: .*\n {4}cursor: .*url: "https/,
    );
    for (const secret of [...SECRETS, 'ghp_another']) expect(out).not.toContain(secret);
    const { servers, warnings } = loadConfig(config, {});
    expect(servers.map(({ name }) => name)).not.toContain('github');
    expect(warnings).toEqual([]);
  });

  it('never touches a config that is there: it shows what could be added', async () => {
    const { here } = desktop();
    const { config, home } = missingHome();
    await init([], { here, home });
    const before = readFileSync(config, 'utf8');
    const { code, out, err } = await init(['--from', 'claude-desktop'], { here, home });
    expect(code).toBe(0);
    expect(readFileSync(config, 'utf8')).toBe(before);
    expect(out).toMatch(/^servers:\n {2}# from claude-desktop\n/);
    expect(out).toContain('the config has a server of this name already');
    expect(err).toContain('Nothing was written. To keep it: paste what you want below servers: in ');
    writeFileSync(`${here.root}/added.yaml`, out, { mode: 0o600 });
    expect(loadConfig(`${here.root}/added.yaml`, {}).servers.map(({ name }) => name)).toEqual([
      'my-files',
      'github',
      'postgres',
      'price',
    ]);
  });

  it.each([
    ['a terminal', { columns: 100, rows: 30 }],
    ['a pipe or file', undefined],
  ])('with --dry-run writes nothing, and shows no secret to %s', async (_where, terminal) => {
    const { here } = desktop();
    const shown = await init(['--from', 'claude-desktop', '--dry-run'], {
      here,
      ...(terminal !== undefined && { terminal }),
    });
    expect(shown).toMatchObject({ code: 0, err: expect.stringContaining('Nothing was written') });
    expect(existsSync(shown.config)).toBe(false);
    for (const secret of SECRETS) expect(shown.out + shown.err).not.toContain(secret);
    expect(shown.out).toContain('GITHUB_PERSONAL_ACCESS_TOKEN: "***"');
    // It can be kept and completed.
    writeFileSync(`${here.root}/config.yaml`, shown.out, { mode: 0o600 });
    expect(loadConfig(`${here.root}/config.yaml`, {}).servers).toHaveLength(5);
  });

  it('prints JSON for programs, secrets masked', async () => {
    const { here } = desktop();
    const { out, config } = await init(['--from', 'claude-desktop', '--json'], { here });
    const told = JSON.parse(out).data;
    expect(told).toMatchObject({ written: config, waiting: [], conflicts: [], skipped: [] });
    expect(told.servers.map(({ name }: { name: string }) => name)).toContain('my-files');
    for (const secret of SECRETS) expect(out).not.toContain(secret);
  });

  it('names what must be set, and what will be read at each start', async () => {
    const here = machine();
    here.put('cursor.json', 'home/.cursor/mcp.json');
    const unset = await init(['--from', 'cursor'], { here });
    expect(unset.out).toContain('github (cursor): needs the environment variable GITHUB_TOKEN');
    const set = await init(['--from', 'cursor'], { here, env: { GITHUB_TOKEN: 'ghp_x' } });
    expect(set.out).toContain('From the environment at each start: GITHUB_TOKEN.');
    expect(readFileSync(set.config, 'utf8')).not.toContain('ghp_x');
  });

  it('writes nothing for a file without servers, and nothing when one of several cannot be read', async () => {
    const here = machine();
    here.write('home/.cursor/mcp.json', '');
    const empty = await init(['--from', 'cursor'], { here });
    expect(empty).toMatchObject({ code: 0, out: '', err: expect.stringContaining('no server was found') });
    expect(existsSync(empty.config)).toBe(false);
    const broken = await init(['--from', 'cursor', '--from', 'zed'], { here });
    expect(broken).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^error: .*\nhint: .*\n$/) });
    expect(existsSync(broken.config)).toBe(false);
  });

  it('lets nothing of a client’s file act on the terminal', async () => {
    const here = machine();
    here.write(
      'home/.cursor/mcp.json',
      JSON.stringify({ mcpServers: { 'a\u001B[31m\n‮b': { command: 'x\u0007' }, '\u001B]0;t\u0007': 5 } }),
    );
    const { out, config } = await init(['--from', 'cursor'], { here });
    // eslint-disable-next-line no-control-regex -- exactly these must not be there
    expect(out + readFileSync(config, 'utf8')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('init', () => {
  it('with --dry-run shows the first config', async () => {
    const { code, out, config } = await init(['--dry-run'], { here: machine() });
    expect(code).toBe(0);
    expect(out).toContain('package: "@upstash/context7-mcp"');
    expect(existsSync(config)).toBe(false);
  });

  it('with --json says where it wrote', async () => {
    const { out, config } = await init(['--json'], { here: machine() });
    expect(JSON.parse(out).data).toEqual({ written: config, text: readFileSync(config, 'utf8') });
  });

  it('with --dry-run and --json gives the text, and writes nothing', async () => {
    const { out, config } = await init(['--dry-run', '--json'], { here: machine() });
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      data: { written: null, text: expect.stringContaining('servers:') },
    });
    expect(existsSync(config)).toBe(false);
  });
});

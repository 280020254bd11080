// Completion scripts in their real shells.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { COMMANDS } from '../../../src/commands/registry.ts';
import { startControlServer } from '../../../src/control/server.ts';
import { CLI } from '../../e2e/daemon.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { missingHome, tempHome } from '../../fakes/temp-home.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const CAPTURE = fileURLToPath(new URL('../../fixtures/complete.zsh', import.meta.url));

async function cli(argv: readonly string[], home = missingHome().home) {
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: home } });
  const code = await runCli(argv, io);
  return { code, out: io.stdout(), err: io.stderr() };
}

/** A home with two servers, the program on PATH, and the scripts beside it. */
async function setUp() {
  const { home } = tempHome();
  const other = tempHome().home;
  writeFileSync(join(home, 'config.yaml'), 'servers: {context7: {package: p}, files.x: {package: q}}', {
    mode: 0o600,
  });
  writeFileSync(join(other, 'config.yaml'), 'mcpServers: {elsewhere: {command: x}}', { mode: 0o600 });
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const program = join(bin, 'mcp-watchdog');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(program, 0o755);
  for (const shell of SHELLS) writeFileSync(join(home, shell), (await cli(['completion', shell])).out);
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    MCP_WATCHDOG_HOME: home,
    TERM: 'xterm',
    LANG: 'C.UTF-8',
  };
  const run = (file: string, args: readonly string[]) => {
    const { stdout, stderr, status } = spawnSync(file, args, {
      encoding: 'utf8',
      env,
      cwd: home,
      timeout: 60_000,
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    return stdout.split('\n').filter((line) => line !== '');
  };
  /** What the shell offers for the last word of the line. */
  const offers: Readonly<Record<Shell, (line: string) => string[]>> = {
    bash: (line) => run('bash', ['--norc', '-c', BASH, 'bash', join(home, 'bash'), ...line.split(' ')]),
    zsh: (line) => run('zsh', ['-f', CAPTURE, join(home, 'zsh'), line]),
    fish: (line) =>
      run('fish', [
        '--no-config',
        '-c',
        'source $argv[1]; complete -C $argv[2]',
        join(home, 'fish'),
        line,
      ]).map((offer) => offer.split('\t')[0] ?? ''),
  };
  return { home, other, offers };
}

const BASH = `source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_mcp_watchdog
printf '%s\\n' \${COMPREPLY[@]+"\${COMPREPLY[@]}"}`;

const names = COMMANDS.map(({ name }) => name);

describe.each(SHELLS)('completion %s', (shell) => {
  describe.skipIf(!requireProgram(shell))('in a real one', { timeout: 90_000 }, () => {
    it.each<[string, string, readonly string[]]>([
      ['commands', 'mcp-watchdog ', names],
      ['those that begin so', 'mcp-watchdog sta', ['start', 'status']],
      ['servers', 'mcp-watchdog status ', ['context7', 'files.x']],
      ['more servers', 'mcp-watchdog restart context7 fi', ['files.x']],
      ['no second server where there is one', 'mcp-watchdog status context7 ', []],
      ['the servers of another home', 'mcp-watchdog --home OTHER stop ', ['elsewhere']],
      ['options', 'mcp-watchdog logs --f', ['--follow']],
      ['what an argument may be', 'mcp-watchdog backup re', ['restore']],
      ['clients', 'mcp-watchdog init --from curs', ['cursor']],
      ['files beside them', 'mcp-watchdog init --from conf', ['config.yaml']],
      ['nothing for a number', 'mcp-watchdog logs --lines ', []],
    ])('offers %s', async (_, line, expected) => {
      const { offers, other } = await setUp();
      const offered = offers[shell](line.replace('OTHER', other));
      // zsh falls back on options where no word fits.
      const shown = line.endsWith(' ') ? offered.filter((offer) => !offer.startsWith('-')) : offered;
      expect([...new Set(shown)].sort()).toEqual([...expected].sort());
    });

    it('offers every option of every command, each with what it takes', async () => {
      const { offers } = await setUp();
      for (const name of ['deploy', 'completion', 'reload']) {
        const spec = COMMANDS.find((command) => command.name === name);
        const long = (spec?.options ?? []).map(({ flags }) => /--[\w-]+/u.exec(flags)?.[0] ?? '');
        expect(offers[shell](`mcp-watchdog ${name} --`)).toEqual(
          expect.arrayContaining([...long, '--home', '--help']),
        );
      }
    });
  });

  it('is a script of which nothing depends on this machine', async () => {
    const { code, out } = await cli(['completion', shell]);
    expect(code).toBe(0);
    for (const name of names) expect(out).toContain(name);
    expect(out).not.toContain(process.cwd());
  });
});

describe('completion --servers', () => {
  it('asks the daemon first', async () => {
    const paths = missingHome();
    const { handlers } = fakeDaemon(status([serverStatus(), serverStatus({ name: 'files' })]));
    const server = await startControlServer({ socketPath: paths.socket, handlers });
    onTestFinished(() => server.close());
    expect(await cli(['completion', 'bash', '--servers'], paths.home)).toEqual({
      code: 0,
      out: 'context7\nfiles\n',
      err: '',
    });
  });

  it(
    'does not wait for a daemon that hangs: the config knows the names too',
    { timeout: 120_000 },
    async () => {
      const { home, socket } = tempHome();
      writeFileSync(join(home, 'config.yaml'), '{"servers": {"a": {"comand": 1}, "b": {}}}', { mode: 0o600 });
      const hanging = createServer(() => {});
      await new Promise<void>((resolve) => hanging.listen(socket, resolve));
      onTestFinished(() => void hanging.close());
      const time = (...argv: string[]) => {
        const began = performance.now();
        const { status, stdout } = spawnSync(process.execPath, [CLI, ...argv, '--home', home], {
          encoding: 'utf8',
          timeout: 60_000,
        });
        return { status, stdout, took: performance.now() - began };
      };
      const { took: usual } = time('completion', 'bash');
      const { status, stdout, took } = time('completion', 'bash', '--servers');
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'a\nb\n' });
      // On a machine as busy as it may be, and not the 10 s that a question may take.
      expect(took).toBeLessThan(8000 + usual);
    },
  );

  it.each([
    ['there is no config', null],
    ['the config is no config', 'servers: ['],
    ['it names none', 'metrics: {}'],
  ])('says nothing when %s', async (_, text) => {
    const { home, config } = tempHome();
    if (text === null) rmSync(config, { force: true });
    else writeFileSync(config, text, { mode: 0o600 });
    expect(await cli(['completion', 'zsh', '--servers'], home)).toEqual({ code: 0, out: '', err: '' });
  });
});

// Commands `add` and `remove`: what they write, what they refuse, and that the daemon is told.
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { missingHome, tempHome } from '../../fakes/temp-home.ts';

const CONFIG = '# mine\nservers:\n  # about a\n  a: # the first\n    package: x\n\n# below\n';

function stage(text: string | null = CONFIG) {
  const paths = text === null ? missingHome() : tempHome();
  if (text !== null) writeFileSync(paths.config, text, { mode: 0o600 });
  const run = async (...argv: string[]) => {
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
    const code = await runCli(argv, io);
    return { code, out: io.stdout(), err: io.stderr() };
  };
  return { ...paths, run, read: () => readFileSync(paths.config, 'utf8') };
}

function notesIn(out: string): string[] {
  return out.split('\n').filter((line) => line.startsWith('Note: '));
}

describe('add', () => {
  it.each([
    [['--package', '@scope/p@4'], '  new:\n    package: "@scope/p"\n    version: "4"\n'],
    [['--package', 'p', '--', '--port', '1'], '  new:\n    package: p\n    args: [--port, "1"]\n'],
    [
      ['--', 'npx', '-y', '@scope/p@1.2.3', '/tmp'],
      '  new:\n    package: "@scope/p"\n    version: 1.2.3\n    args: [/tmp]\n',
    ],
    [
      ['--env', 'A=b=c', '--cwd', '/tmp', '--', 'node', 'server.js'],
      '  new:\n    command: [node, server.js]\n    cwd: /tmp\n    env:\n      A: b=c\n',
    ],
    [['--url', 'https://example.com/mcp'], '  new:\n    transport: http\n    url: https://example.com/mcp\n'],
    [
      ['--transport', 'sse', '--url', 'https://example.com/sse'],
      '  new:\n    transport: sse\n    url: https://example.com/sse\n',
    ],
  ])('%j', async (argv, block) => {
    const { run, read, config } = stage();
    const { code, out, err } = await run('add', 'new', ...argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Added new to ${config}\n${block}`);
    expect(read()).toBe(CONFIG.replace('    package: x\n', `    package: x\n${block}`));
    expect(statSync(config).mode & 0o777).toBe(0o600);
  });

  it('takes folder and program from where it is run, and warns of an argument that the server would not find', async () => {
    const { run, read } = stage();
    expect((await run('add', 'in', '--cwd', 'src', '--', './x', 'package.json')).out).not.toContain('Note');
    expect(read()).toContain(`  in:\n    command: [./x, package.json]\n    cwd: ${resolve('src')}\n`);
    const { out } = await run('add', 'at', '--', './bin/x', '--flag', 'package.json');
    expect(read()).toContain(`  at:\n    command: [${resolve('bin/x')}, --flag, package.json]\n`);
    expect(out).toContain('Note: package.json is not looked for in this folder');
    await run('add', 'far', '--cwd', '~/x', '--', '~/bin/x');
    expect(read()).toMatch(/ {2}far:\n {4}command: \[~\/bin\/x\]\n {4}cwd: ~\/x\n/u);
  });

  it('says so when the folder or the program is not there, and adds it all the same: it may come later', async () => {
    const { run, read, home } = stage();
    const gone = join(home, 'nope');
    const { code, out } = await run('add', 'in', '--cwd', gone, '--', './x');
    expect({ code, notes: notesIn(out) }).toEqual({
      code: 0,
      notes: [
        `Note: in: its folder ${gone} does not exist; create it, mount its volume, or set servers.in.cwd`,
      ],
    });
    expect(read()).toContain(`    cwd: ${gone}\n`);
    const file = join(home, 'config.yaml');
    expect(notesIn((await run('add', 'at', '--cwd', file, '--', 'node')).out)).toEqual([
      `Note: at: its folder ${file} is not a folder; set servers.at.cwd to a folder`,
    ]);
    expect(notesIn((await run('add', 'prog', '--', join(home, 'x'))).out)).toEqual([
      `Note: the program ${join(home, 'x')} does not exist: prog does not start before it is there`,
    ]);
    expect(notesIn((await run('add', 'ok', '--cwd', home, '--', process.execPath)).out)).toEqual([]);
    expect(notesIn((await run('add', 'later', '--cwd', '${env:PLACE}/x', '--', 'node')).out)).toEqual([]);
  });

  it('writes no secret when only the name of a variable is given', async () => {
    const { run, read } = stage();
    process.env['ADD_TEST_KEY'] = 'very-secret';
    onTestFinished(() => void delete process.env['ADD_TEST_KEY']);
    const { code, err } = await run('add', 'new', '--env', 'ADD_TEST_KEY', '--', 'node');
    // The environment of the command decides, and has no such variable.
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('ADD_TEST_KEY') });
    expect(read()).toBe(CONFIG);
  });

  it('writes a first config where there is none', async () => {
    const { run, read } = stage(null);
    expect(await run('add', 'new', '--package', 'p')).toMatchObject({ code: 0, err: '' });
    expect(read()).toMatch(/^# Servers .*\n[\s\S]*\nservers:\n {2}new:\n {4}package: p\n$/u);
    expect((await run('config', 'validate')).code).toBe(0);
  });

  it('shows and writes nothing with --dry-run', async () => {
    const { run, read } = stage();
    const { code, out } = await run('add', 'new', '--package', 'p', '--dry-run');
    expect(code).toBe(0);
    expect(out).toContain('Would add new');
    expect(read()).toBe(CONFIG);
    const fresh = stage(null);
    await fresh.run('add', 'new', '--package', 'p', '--dry-run');
    expect(existsSync(fresh.config)).toBe(false);
  });

  it.each([
    ['a name that is taken', ['a', '--package', 'p'], 'has a server of that name already'],
    ['a name that is no name', ['A B', '--package', 'p'], 'servers["A B"]'],
    ['nothing to start', ['new'], 'nothing says what it is'],
    ['a wrong transport', ['new', '--transport', 'foo', '--', 'x'], 'servers.new.transport: must be one of'],
    ['a package and a program of one', ['new', '--package', 'not a package'], 'servers.new.package'],
  ])('refuses %s, and writes nothing', async (_, argv, reason) => {
    const { run, read } = stage();
    const { code, err } = await run('add', ...argv);
    expect(code).toBe(2);
    expect(err).toContain(reason);
    expect(err).toMatch(/^hint: /mu);
    expect(read()).toBe(CONFIG);
  });

  it('refuses what would make a first config invalid, with the cure, and writes none', async () => {
    const { run, config } = stage(null);
    const { code, err } = await run('add', 'new', '--env', 'NOT_THERE', '--', 'true');
    expect(code).toBe(2);
    expect(err).toContain(
      `Cannot write ${config}, it would be invalid: config.yaml: servers.new.env.NOT_THERE:`,
    );
    expect(err).toContain('export NOT_THERE=… before the watchdog starts');
    expect(err).toContain('hint: Nothing was written');
    expect(existsSync(config)).toBe(false);
  });

  it('adds to a config that has another problem, which stays', async () => {
    const { run, read } = stage('servers:\n  a: {package: x, enabld: true}\n');
    expect((await run('add', 'new', '--package', 'p')).code).toBe(0);
    expect(read()).toContain('enabld: true}\n  new:\n');
  });

  it('writes through a link, and keeps the mode', async () => {
    const { run, config, home } = stage();
    const real = join(home, 'dotfiles.yaml');
    renameSync(config, real);
    chmodSync(real, 0o640);
    symlinkSync(real, config);
    expect((await run('add', 'new', '--package', 'p')).code).toBe(0);
    expect(lstatSync(config).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('new:');
    expect(statSync(real).mode & 0o777).toBe(0o640);
  });

  it('tells the daemon, and shows what it did', async () => {
    const { run, socket } = stage();
    const daemon = fakeDaemon();
    daemon.reloads = { added: ['new'] };
    const server = await startControlServer({ socketPath: socket, handlers: daemon.handlers });
    onTestFinished(() => server.close());
    const { out } = await run('add', 'new', '--package', 'p');
    expect(daemon.asked).toEqual(['reload']);
    expect(out).toContain('  + new  added\n');
    const json = await run('add', 'newer', '--package', 'p', '--json');
    expect(JSON.parse(json.out).data).toMatchObject({
      isWritten: true,
      server: 'newer',
      settings: { package: 'p' },
      reload: { added: ['new'] },
    });
  });
});

describe('remove', () => {
  it('shows what it took out, and leaves the rest', async () => {
    const { run, read, config } = stage();
    const { code, out } = await run('remove', 'a');
    expect(code).toBe(0);
    expect(out).toContain(`Removed a from ${config}:\n`);
    for (const line of ['# about a', 'a: # the first', 'package: x']) expect(out).toContain(line);
    expect(read()).toBe('# mine\nservers: {}\n\n# below\n');
  });

  it('suggests the nearest name', async () => {
    const { run, read } = stage('servers: {files: {package: x}}\n');
    const { code, err } = await run('remove', 'file');
    expect(code).toBe(1);
    expect(err).toContain('Did you mean files?');
    expect(read()).toContain('files');
  });

  it('is refused while another server depends on it', async () => {
    const text = 'servers:\n  a: {package: x}\n  b: {package: y, dependsOn: [a]}\n';
    const { run, read } = stage(text);
    const { code, err } = await run('remove', 'a');
    expect(code).toBe(2);
    expect(err).toMatch(/it would be invalid: config\.yaml: servers\.b\.dependsOn/u);
    expect(read()).toBe(text);
  });

  it('takes out a server that makes the config invalid', async () => {
    const { run, read } = stage('servers:\n  a: {package: x}\n  bad: {enabld: true}\n');
    expect((await run('remove', 'bad')).code).toBe(0);
    expect(read()).toBe('servers:\n  a: {package: x}\n');
    expect((await run('config', 'validate')).code).toBe(0);
  });
});

describe('commands at the same time', () => {
  it.each([
    ['add to a config', CONFIG],
    ['add to a first config', null],
  ])('%s: each does, and none is lost', async (_, text) => {
    const { run, read } = stage(text);
    const names = Array.from({ length: 8 }, (__, index) => `s${index}`);
    const results = await Promise.all(names.map((name) => run('add', name, '--', 'node', `${name}.js`)));
    expect(results.map(({ code, err }) => `${code} ${err}`)).toEqual(names.map(() => '0 '));
    for (const name of names) expect(read()).toContain(`  ${name}:\n    command: [node, ${name}.js]\n`);
  });

  it('remove what others add beside it', async () => {
    const { run, read } = stage();
    const codes = await Promise.all([
      run('add', 'b', '--package', 'y'),
      run('remove', 'a'),
      run('add', 'c', '--package', 'z'),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(read()).toContain('  b:\n    package: y\n');
    expect(read()).toContain('  c:\n    package: z\n');
    expect(read()).not.toContain('package: x');
  });

  it('goes on when the home takes no lock', async () => {
    const { run, read, home } = stage();
    writeFileSync(join(home, 'run', 'config-edits'), 'in the place of the folder');
    expect((await run('add', 'b', '--package', 'y')).code).toBe(0);
    expect(read()).toContain('  b:\n    package: y\n');
  });
});

// Division of the bundled program: what starts often loads few files, and V8's flags are set before anything else is loaded.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadConfig } from '../src/config/load.ts';
import { tempHome } from './fakes/temp-home.ts';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

/** Files that these import at once, themselves included, relative to `dist`. */
function loadedBy(...names: readonly string[]): string[] {
  const found = new Set<string>();
  const open = names.map((name) => join(DIST, name));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^"\n]*"(\.[^"]+)";$/gmu);
    for (const [, name = ''] of imports) open.push(join(dirname(file), name));
  }
  return [...found].map((file) => relative(DIST, file)).toSorted();
}

it('status loads a few files, and none of a daemon', () => {
  const loaded = loadedBy('cli.js', 'chunks/commands.command-line.js', 'chunks/commands.inspect.status.js');
  expect(loaded.length).toBeLessThan(10);
  expect(loaded).toContain('chunks/status.js');
});

it('a bridge loads nothing of the commands', () => {
  const loaded = loadedBy('cli.js', 'chunks/commands.connect.run-shim.js');
  expect(loaded.length).toBeLessThan(10);
  expect(loaded).not.toContain('chunks/status.js');
});

it('the installed command has help, status and a bridge as CommonJS, and nothing else', () => {
  const others = readdirSync(join(DIST, 'chunks')).filter((name) => name.endsWith('.cjs'));
  expect(others).toEqual(expect.arrayContaining(['command-line.cjs', 'quick-answer.cjs', 'status.cjs']));
  const files = ['cli.cjs', ...others.map((name) => `chunks/${name}`)];
  for (const file of files) {
    const code = readFileSync(join(DIST, file), 'utf8');
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/gu)].map(([, name = '']) => name);
    expect(required.filter((name) => !/^(?:node:|url$|\.)/u.test(name))).toEqual([]);
    // What is loaded later is there; a module of Node's own would load the loader.
    const later = [...code.matchAll(/\bimport\("([^"]+)"\)/gu)].map(([, name = '']) => name);
    expect(later.filter((name) => !existsSync(join(DIST, dirname(file), name)))).toEqual([]);
    expect({ file, wide: /[^\0-\u{ff}]/u.exec(code)?.[0] ?? null }).toEqual({ file, wide: null });
  }
});

it('the flags of a daemon, and the cache of code, come without what they are set for', () => {
  expect(loadedBy('chunks/commands.daemon.prefer-memory.js')).toEqual([
    'chunks/commands.daemon.prefer-memory.js',
    'chunks/memory.js',
  ]);
  expect(loadedBy('chunks/commands.compile-cache.js').length).toBeLessThan(4);
});

it.each(['logs.logs', 'query.query', 'inspect.check', 'daemon.reload'])(
  '%s loads nothing of a daemon',
  (name) => {
    const loaded = loadedBy('cli.js', 'chunks/commands.command-line.js', `chunks/commands.${name}.js`);
    const heavy = new Set(['daemon', 'server', 'shared'].map((group) => `chunks/${group}.js`));
    expect(loaded.filter((file) => heavy.has(file))).toEqual([]);
  },
);

it('files are named from where their modules lie, keep one byte a character, and say the names of what they share', () => {
  const chunks = readdirSync(join(DIST, 'chunks')).filter((name) => name.endsWith('.js'));
  expect(chunks.length).toBeGreaterThan(50);
  for (const name of chunks) {
    const code = readFileSync(join(DIST, 'chunks', name), 'utf8');
    expect({ name, wide: /[^\0-\u{ff}]/u.exec(code)?.[0] ?? null }).toEqual({ name, wide: null });
    const places = [...code.matchAll(/new URL\("(\.\.[^"]+)", import\.meta\.url\)/gu)].map(
      ([, place = '']) => place,
    );
    const sources = places.map((place) =>
      join(DIST, '..', 'src', relative(DIST, join(DIST, 'chunks', place))).replace(/\.js$/u, '.ts'),
    );
    expect(sources.filter((source) => !existsSync(source))).toEqual([]);
  }
});

it('what reads the config is one file, and has the licences of what is in it beside it', () => {
  const name = 'config/load-child.js';
  expect(loadedBy(name)).toEqual([name]);
  const code = readFileSync(join(DIST, name), 'utf8');
  const packages = [...code.matchAll(/\bimport\b[^;]*?\bfrom\s*["'`]([^"'`,]+)["'`]/gu)].map(
    ([, from = '']) => from,
  );
  expect(packages.length).toBeGreaterThan(5);
  expect(packages.filter((from) => !from.startsWith('node:'))).toEqual([]);
  expect(code).not.toContain('@dist');
  expect(code).not.toMatch(/[^\0-\u{ff}]/u);
  const licences = readFileSync(join(DIST, 'config/load-child.LICENSE.txt'), 'utf8');
  for (const bundled of ['zod', 'yaml', 'jsonc-parser', '@lezer/lr'])
    expect(licences).toContain(`${bundled}\n\n`);
});

it('what reads the config has the shipped rules parsed, as they are read from their files', () => {
  const code = readFileSync(join(DIST, 'config/load-child.js'), 'utf8');
  const folder = join(DIST, '..', 'alerting', 'rules');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  expect(names.length).toBeGreaterThan(4);
  for (const name of names)
    expect(code).toContain(
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    );
  const { config } = tempHome();
  writeFileSync(config, '{"servers": {}}', { mode: 0o600 });
  const { stdout } = spawnSync(process.execPath, [join(DIST, 'config/load-child.js'), config], {
    encoding: 'utf8',
  });
  const { rules } = loadConfig(config, {}).config.alerts;
  expect(JSON.parse(stdout).loaded.config.alerts.rules).toEqual(JSON.parse(JSON.stringify(rules)));
});

// Loading at once: the same instance as `import()` gives, silently, and what cannot be loaded is left to `import()`. In processes of their own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LOAD_NOW = new URL('../../dist/system/load-now.js', import.meta.url).href;
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'load-now-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'part.js'), 'export const part = {};\n');
  writeFileSync(
    join(folder, 'whole.js'),
    "export { part } from './part.js';\nglobalThis.loaded = (globalThis.loaded ?? 0) + 1;\n",
  );
  writeFileSync(join(folder, 'waits.js'), 'export const late = await Promise.resolve(1);\n');
  writeFileSync(join(folder, 'broken.js'), "import './nowhere.js';\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What `code` prints, in a file of the folder. */
function run(code: string): unknown {
  const file = join(folder, 'main.js');
  writeFileSync(file, `import { loadNow } from '${LOAD_NOW}';\n${code}`);
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('loadNow()', () => {
  it('evaluates a module once, with the instances that import() gives', () => {
    const shown = run(`
      loadNow(import.meta.url, './whole.js');
      const before = globalThis.loaded ?? 0;
      const [{ part }, whole] = await Promise.all([import('./part.js'), import('./whole.js')]);
      console.log(JSON.stringify({ before, after: globalThis.loaded, isSame: part === whole.part }));`);
    expect(shown).toEqual({ before: process.version.startsWith('v20.') ? 1 : 0, after: 1, isSame: true });
  });

  it.each(['./waits.js', './broken.js', './missing.js'])('leaves %s to import()', (name) => {
    const shown = run(`
      loadNow(import.meta.url, '${name}', './whole.js');
      const found = await import('${name}').then(({ late }) => late ?? null, ({ code }) => code);
      console.log(JSON.stringify(found));`);
    expect(shown).toBe(name === './waits.js' ? 1 : 'ERR_MODULE_NOT_FOUND');
  });

  it('does nothing for a source file', () => {
    const source = pathToFileURL(join(folder, 'main.ts')).href;
    expect(run(`loadNow('${source}', './whole.js'); console.log(globalThis.loaded ?? 0);`)).toBe(0);
  });
});

it('the modules that the command line names are there, and a command that loads them prints no warning', () => {
  const names = readFileSync(CLI, 'utf8').match(/"\.\/chunks\/commands\.[^"]+\.js"/gu) ?? [];
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !existsSync(join(dirname(CLI), name.slice(1, -1))))).toEqual([]);
  const home = join(folder, 'home');
  const { stderr } = spawnSync(process.execPath, [CLI, 'status', '--home', home], { encoding: 'utf8' });
  expect(stderr.split('\n', 1)).toEqual([`error: Cannot reach the daemon: none is running in "${home}"`]);
});

// Both ways to install mcp-watchdog, which is on no registry: a packed tarball, and the clone itself. No network is used.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstalledRegistry, serveInstalled } from '../fakes/installed-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MANIFEST: { readonly version: string; readonly files: readonly string[] } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);

let registry: InstalledRegistry;
let cache: string;

beforeAll(async () => {
  registry = await serveInstalled(ROOT);
  cache = mkdtempSync(join(tmpdir(), 'npm-cache-'));
});

afterAll(async () => {
  await registry.close();
  rmSync(cache, { recursive: true, force: true });
});

/** Runs a program to its end; the registry lives in this process, so it must not block. @throws when it fails */
async function run(program: string, argv: readonly string[], cwd: string): Promise<string> {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    npm_config_registry: registry.url,
    npm_config_cache: cache,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '0',
  };
  const { stdout } = await promisify(execFile)(program, argv, { cwd, env });
  return stdout;
}

function declarationsBelow(dist: string): string[] {
  return readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'));
}

/** What these declarations import and is not there. */
function missingIn(dist: string, declared: readonly string[]): string[] {
  return declared.flatMap((file) =>
    [...readFileSync(join(dist, file), 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/gu)]
      .map(([, name = '']) => join(dirname(file), name.replace(/\.[jt]s$/u, '.d.ts')))
      .filter((name) => !existsSync(join(dist, name))),
  );
}

describe('a packed tarball', { timeout: 180_000 }, () => {
  test('installs into another prefix, and the command runs from there without the clone', async () => {
    const { home: folder } = tempHome();
    // Without `prepack`, which builds: `dist/` is built once for all tests.
    await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder, ROOT], folder);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    expect(tarball).toBe(`mcp-watchdog-${MANIFEST.version}.tgz`);

    const prefix = join(folder, 'prefix');
    await run('npm', ['install', '--global', '--prefix', prefix, `./${tarball}`], folder);
    const command = join(prefix, 'bin', 'mcp-watchdog');
    const installed = join(prefix, 'lib', 'node_modules', 'mcp-watchdog');
    expect(realpathSync(command)).toBe(join(realpathSync(installed), 'dist', 'cli.cjs'));
    for (const file of MANIFEST.files.filter((name) => !name.startsWith('!')))
      expect({ file, isThere: existsSync(join(installed, file)) }).toEqual({ file, isThere: true });
    // Source maps name sources that are not there; the pictures are a third of the download.
    const left = [
      'dist/.tsbuildinfo',
      'dist/cli.js.map',
      'dist/cli.cjs.map',
      'docs/images',
      'dist/core/base/text.js.map',
    ];
    for (const file of left)
      expect({ file, isThere: existsSync(join(installed, file)) }).toEqual({ file, isThere: false });
    const declared = declarationsBelow(join(installed, 'dist'));
    expect(declared).toContain('index.d.ts');
    // Those of the public API, and none that nobody can import.
    expect(declared.length).toBeLessThan(100);
    expect(missingIn(join(installed, 'dist'), declared)).toEqual([]);
    // The bundled program, and none of the modules that it was bundled of.
    const program = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(program.filter((name) => name.endsWith('.js')).length).toBeLessThan(200);
    expect(program).toEqual(
      expect.arrayContaining(['config/load-child.js', 'chunks/daemon.js', 'page/page/main.js']),
    );
    expect(program).not.toContain('core/base/text.js');
    for (const file of ['src', 'test']) expect(existsSync(join(installed, file))).toBe(false);

    expect(await run(command, ['--version'], folder)).toBe(`${MANIFEST.version}\n`);
    expect(await run(command, ['--help'], folder)).toMatch(/^Usage: mcp-watchdog [\s\S]*\n {2}deploy /u);
    const home = join(folder, 'watchdog');
    await run(command, ['init', '--home', home], folder);
    expect(await run(command, ['config', 'validate', '--home', home], folder)).toContain('is valid');
  });
});

test('the clone runs with npx, which then asks no registry', { timeout: 180_000 }, async () => {
  expect(await run('npx', ['--offline', '.', '--version'], ROOT)).toBe(`${MANIFEST.version}\n`);
});

// Nothing that people read or run sends them to a registry for mcp-watchdog: it is not published, so whoever takes the
// name there would get our users.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { requireProgram } from './fakes/require-program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Commands and addresses that lead to the package of that name; `./mcp-watchdog-*.tgz` and `uninstall` do not. */
const LEADS_TO_REGISTRY =
  /\bnpm (?:i|install|add|exec|view|update|up)(?: [^\s,;()]+)* mcp-watchdog\b(?!-)|\bnpx (?:-\S+ )*mcp-watchdog\b|\b(?:unpkg\.com|jsdelivr\.net\/npm|npmjs\.com\/package|esm\.sh)\/mcp-watchdog\b/u;

test.each([
  ['npm install -g mcp-watchdog', true],
  ['npm i --global mcp-watchdog@1.0.0', true],
  ['npx mcp-watchdog status', true],
  ['npx -y mcp-watchdog', true],
  ['https://unpkg.com/mcp-watchdog/alerting/', true],
  ['npm install -g ./mcp-watchdog-*.tgz', false],
  ['npm install -g .', false],
  ['npm install -g npm@11, then mcp-watchdog restart', false],
  ['npm uninstall -g mcp-watchdog', false],
  ['npx . status', false],
  ['npm pack, then mcp-watchdog install', false],
])('%j leads to a registry: %s', (text, leads) => {
  expect(LEADS_TO_REGISTRY.test(text)).toBe(leads);
});

test.skipIf(!requireProgram('git'))('no file sends people to a registry', () => {
  // Root may run this in the clone of somebody else, which git refuses by default.
  const list = ['-c', 'safe.directory=*', 'ls-files', '-z', '--', '.', ':!test', ':!package-lock.json'];
  const files = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0');
  const found = files
    .map((file) => join(ROOT, file))
    .filter((path) => !path.endsWith('/') && existsSync(path))
    .flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => LEADS_TO_REGISTRY.test(line))
        .map((line) => `${path.slice(ROOT.length)}: ${line.trim().slice(0, 200)}`),
    );
  expect(found).toEqual([]);
});

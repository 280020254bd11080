// An update that changes the era of the protocol that a server speaks: clients of both eras go on in their sessions.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startRegistry } from '../fakes/static-registry.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { CLI, freePort, QUICK, startDaemon } from './daemon.ts';
import { CLIENTS } from './gateway-clients.ts';

const NAME = '@fixtures/two-eras';
const TOOLS = readFileSync(new URL('../fixtures/servers/tools.mjs', import.meta.url), 'utf8');

/** A server of one era with the tools of every version, as one that moves to the next SDK. */
function release(version: string, era: 'legacy' | 'modern') {
  const start = `#!/usr/bin/env node\nprocess.argv.push('--era', '${era}');\nawait import('./tools.mjs');\n`;
  return {
    name: NAME,
    version,
    files: { 'tools.mjs': TOOLS, 'start.mjs': start },
    manifest: { bin: { 'two-eras': 'start.mjs' }, type: 'module' },
  };
}

test(
  'clients of both eras go on with a package that is updated to the other era, and rolled back',
  { timeout: 400_000 },
  async () => {
    const registry = await startRegistry([release('1.0.0', 'legacy')]);
    onTestFinished(() => registry.close());
    const { home } = tempHome();
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      npm_config_registry: registry.url,
      npm_config_cache: `${home}/npm-cache`,
      npm_config_fetch_retries: '0',
    };
    /** The registry lives in this process, so that the command must not keep it waiting. */
    const cli = (...argv: string[]) =>
      promisify(execFile)(process.execPath, [CLI, ...argv, '--home', home], { env });
    const port = await freePort();
    const settings = {
      package: NAME,
      ...QUICK,
      // A probe that a busy machine misses would be a fault of the version on probation.
      probe: { interval: '500ms', timeout: '5s', failures: 9 },
      update: { probation: '1s', minimumAge: '1d' },
    };
    const more = { gateway: { listen: `127.0.0.1:${port}` } };
    const daemon = await startDaemon({ s: settings }, { home, env, more });
    const runs = (version: string, era: string) =>
      daemon.until(
        's',
        `${version} up`,
        (server) => server.version === version && server.health.up === true && server.handshake?.era === era,
        120_000,
      );
    await runs('1.0.0', 'legacy');
    const url = new URL(`http://127.0.0.1:${port}/s/mcp`);
    const clients = await Promise.all(Object.values(CLIENTS).map((connect) => connect(url)));
    const goOn = async (text: string): Promise<void> => {
      for (const client of clients) {
        expect(await client.tools()).toContain('read');
        expect(await client.call('read', { text })).toMatch(new RegExp(`^\\d+ ${text}$`));
      }
    };
    await goOn('before');

    await registry.publish(release('2.0.0', 'modern'));
    await cli('update', 's', '--to', '2.0.0', '--wait');
    await runs('2.0.0', 'modern');
    await goOn('updated');

    await cli('rollback', 's');
    await runs('1.0.0', 'legacy');
    await goOn('back');
  },
);

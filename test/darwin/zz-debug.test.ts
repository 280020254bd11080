import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { playMac } from './mac.ts';
import { fileURLToPath } from 'node:url';
test('x', { timeout: 120_000 }, async () => {
  const mac = await playMac();
  const FIXTURE = fileURLToPath(new URL('../fixtures/servers/mcp.mjs', import.meta.url));
  writeFileSync(join(mac.home, 'config.yaml'), JSON.stringify({ metrics: { listen: '127.0.0.1:0' }, sampling: { interval: '1s' }, servers: { a: { command: [mac.node, FIXTURE] } } }), { mode: 0o600 });
  await mac.watchdog('install');
  await new Promise((r) => setTimeout(r, 25_000));
  const s = await mac.watchdog('status');
  console.log(s.out, s.err);
  const logs = join(mac.home, 'logs');
  console.log(readdirSync(logs));
  for (const f of ['launchd.log', 'watchdog.log', 'daemon.log']) try { console.log(f, readFileSync(join(logs, f), 'utf8').slice(-6000)); } catch {}
  const l = await mac.watchdog('logs'); console.log(l.out.slice(-5000));
  console.log(mac.asked('ps').length);
});

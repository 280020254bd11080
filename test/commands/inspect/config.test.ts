// Command `config validate`: what it says of the folders that servers start in.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { fakeIo } from '../../fakes/io.ts';
import { tempHome } from '../../fakes/temp-home.ts';

async function validate(text: (home: string) => string, ...flags: string[]) {
  const { home, config } = tempHome();
  mkdirSync(join(home, 'there'));
  writeFileSync(config, text(home), { mode: 0o600 });
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: home, PATH: '/bin:/usr/bin' } });
  const code = await runCli(['config', 'validate', ...flags], io);
  return { code, home, out: io.stdout() };
}

const SERVERS = (home: string) => `
servers:
  gone: {command: [sh], cwd: ${home}/gone}
  packed: {package: x, cwd: gone-too}
  file: {command: [sh], cwd: ${home}/config.yaml}
  there: {command: [sh], cwd: ${home}/there}
  off: {command: [sh], cwd: ${home}/gone, enabled: false}
`;

it('warns of a folder in which a server cannot start, in the words of the start, and is valid all the same', async () => {
  const { code, home, out } = await validate(SERVERS);
  expect(code).toBe(0);
  expect(out.split('\n').filter((line) => line.includes('its folder'))).toEqual([
    `warning: gone: its folder ${home}/gone does not exist; create it, mount its volume, or set servers.gone.cwd`,
    `warning: packed: its folder ${home}/gone-too does not exist; create it, mount its volume, or set servers.packed.cwd`,
    `warning: file: its folder ${home}/config.yaml is not a folder; set servers.file.cwd to a folder`,
  ]);
});

it('gives programs the same among the warnings', async () => {
  const { home, out } = await validate(SERVERS, '--json');
  const { data }: { data: { warnings: string[] } } = JSON.parse(out);
  expect(data.warnings.filter((each) => each.includes('its folder'))).toHaveLength(3);
  expect(data.warnings.join('\n')).toContain(`file: its folder ${home}/config.yaml is not a folder`);
});

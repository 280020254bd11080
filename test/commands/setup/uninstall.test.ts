import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run as install } from '../../../src/commands/setup/install.ts';
import { run as uninstall } from '../../../src/commands/setup/uninstall.ts';
import { serviceStage } from '../../fakes/service-stage.ts';
import { tempHome } from '../../fakes/temp-home.ts';

describe('uninstall', () => {
  test('has nothing to do where nothing is, and touches nothing', async () => {
    const { command, launchd } = serviceStage();
    expect(await command(uninstall)).toEqual({ code: 0, out: 'No service is installed\n', err: '' });
    expect(launchd.acts()).toEqual([]);
  });

  test('leaves the service of another home alone', async () => {
    const { command, file, home } = serviceStage();
    const { out } = await command(install, { print: true });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, out);
    await expect(command(uninstall, {}, { home: tempHome().home })).rejects.toMatchObject({
      message: expect.stringContaining(`serves the home ${home}`),
      hint: expect.stringContaining(`--home "${home}"`),
    });
    expect(existsSync(file)).toBe(true);
    expect((await command(uninstall)).out).toContain(`removed ${file}`);
    expect(existsSync(file)).toBe(false);
  });

  test('removes the one of the label, and no other', async () => {
    const { command, file } = serviceStage();
    mkdirSync(dirname(file), { recursive: true });
    const second = `${dirname(file)}/org.example.two.plist`;
    for (const [path, label] of [
      [file, 'com.mcp.daemon'],
      [second, 'org.example.two'],
    ] as const)
      writeFileSync(path, (await command(install, { print: true, label })).out);
    await command(uninstall, { label: 'org.example.two' });
    expect([existsSync(file), existsSync(second)]).toEqual([true, false]);
  });

  test('finds the one that has another name', async () => {
    const { command, file, home } = serviceStage();
    mkdirSync(dirname(file), { recursive: true });
    const second = `${dirname(file)}/org.example.two.plist`;
    writeFileSync(`${dirname(file)}/com.apple.other.plist`, '<plist/>');
    writeFileSync(second, (await command(install, { print: true, label: 'org.example.two' })).out);
    expect((await command(uninstall, {}, { home: `${home}x` })).out).toBe('No service is installed\n');
    expect((await command(uninstall)).out).toContain(`removed ${second}`);
    expect(existsSync(second)).toBe(false);
  });
});

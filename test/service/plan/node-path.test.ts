// Choice of a node path that outlives updates, for each version manager.
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../../src/service/shared/machine.ts';
import { chooseNode } from '../../../src/service/plan/node-path.ts';
import { machineOf } from '../../fakes/machine.ts';

const MAC = { userHome: '/Users/me', platform: 'darwin' };
const LINUX = { userHome: '/home/me', platform: 'linux' };

function choose(path: string, machine: Machine, where = MAC, version = '24.1.0') {
  return chooseNode({ path, version }, where, machine);
}

describe('chooseNode()', () => {
  test.each([
    ['/opt/homebrew/Cellar/node/25.6.1/bin/node', '/opt/homebrew/opt/node/bin/node'],
    ['/opt/homebrew/Cellar/node@22/22.11.0_1/bin/node', '/opt/homebrew/opt/node@22/bin/node'],
    ['/usr/local/Cellar/node@24/24.0.0/bin/node', '/usr/local/opt/node@24/bin/node'],
    [
      '/home/linuxbrew/.linuxbrew/Cellar/node/24.0.0/bin/node',
      '/home/linuxbrew/.linuxbrew/opt/node/bin/node',
    ],
  ])('takes the link that Homebrew keeps up to date for %s', (running, stable) => {
    expect(choose(running, machineOf({ nodes: { [stable]: '24.1.0' } }))).toEqual({
      path: stable,
      warning: null,
    });
  });

  test('warns when Homebrew keeps no such link', () => {
    const running = '/opt/homebrew/Cellar/node@22/22.11.0/bin/node';
    const { path, warning } = choose(running, machineOf());
    expect(path).toBe(running);
    expect(warning).toContain('which the next brew upgrade removes');
    expect(warning).toContain('brew link node@22');
  });

  test.each(['/usr/local/bin/node', '/usr/bin/node', '/opt/node/bin/node'])(
    'leaves %s as it is',
    (running) => {
      expect(choose(running, machineOf(), LINUX)).toEqual({ path: running, warning: null });
    },
  );

  test('takes the installation in place of the folder that fnm makes for a shell', () => {
    const shell = '/Users/me/.local/state/fnm_multishells/123_456/bin/node';
    const real = '/Users/me/.local/share/fnm/node-versions/v24.1.0/installation/bin/node';
    const { path, warning } = choose(shell, machineOf({ links: { [shell]: real } }));
    expect(path).toBe(real);
    expect(warning).toContain('of fnm');
  });

  test('takes the newest image in place of the shim of volta', () => {
    const images = '/Users/me/.volta/tools/image/node';
    const machine = machineOf({
      nodes: { [`${images}/9.0.0/bin/node`]: '9.0.0', [`${images}/22.2.0/bin/node`]: '22.2.0' },
      folders: { [images]: ['9.0.0', '22.10.0', '22.2.0', '.tmp'] },
    });
    expect(choose('/Users/me/.volta/bin/node', machine).path).toBe(`${images}/22.2.0/bin/node`);
  });

  test.each([
    ['nvm', '/Users/me/.nvm/versions/node/v24.1.0/bin/node'],
    ['nvm', '/Users/me/.config/nvm/versions/node/v24.1.0/bin/node'],
    ['fnm', '/Users/me/.local/share/fnm/node-versions/v24.1.0/installation/bin/node'],
    ['volta', '/Users/me/.volta/tools/image/node/24.1.0/bin/node'],
    ['asdf', '/Users/me/.asdf/installs/nodejs/24.1.0/bin/node'],
    ['mise', '/Users/me/.local/share/mise/installs/node/24.1.0/bin/node'],
    ['nodenv', '/Users/me/.nodenv/versions/24.1.0/bin/node'],
    ['Nix', '/nix/store/abc-nodejs-24.1.0/bin/node'],
    ['npx', '/Users/me/.npm/_npx/abc/node_modules/node/bin/node'],
    ['nodebrew', '/Users/me/.nodebrew/node/v24.1.0/bin/node'],
    ['nodebrew', '/Users/me/.nodebrew/current/bin/node'],
    ['proto', '/Users/me/.proto/tools/node/24.1.0/bin/node'],
    ['nvs', '/Users/me/.nvs/node/24.1.0/arm64/bin/node'],
    ['nvs', '/Users/me/Library/Application Support/nvs/default/bin/node'],
    ['vfox', '/Users/me/.version-fox/cache/nodejs/v-24.1.0/nodejs-24.1.0/bin/node'],
    ['pnpm', '/Users/me/Library/pnpm/nodejs/24.1.0/bin/node'],
    ['conda', '/Users/me/miniconda3/envs/js/bin/node'],
    ['conda', '/opt/homebrew/Caskroom/miniforge/base/../../miniforge3/bin/node'],
    ['LM Studio', '/Users/me/.lmstudio/.internal/utils/node'],
    ['an app', '/Applications/An Editor.app/Contents/Resources/app/node'],
  ])('warns that %s may remove its node', (name, running) => {
    const { path, warning } = choose(running, machineOf());
    expect(path).toBe(running);
    expect(warning).toContain(`of ${name}`);
    expect(warning).toContain('Homebrew');
  });

  const NVM = '/Users/me/.nvm/versions/node/v24.1.0/bin/node';

  test('prefers a steady node, and says so', () => {
    const { path, warning } = choose(NVM, machineOf({ nodes: { '/opt/homebrew/bin/node': '25.0.0' } }));
    expect(path).toBe('/opt/homebrew/bin/node');
    expect(warning).toContain(NVM);
  });

  test.each([
    ['too old for us', { '/usr/local/bin/node': '18.20.0' }],
    ['older than the one that was chosen, and out of care', { '/usr/local/bin/node': '20.20.2' }],
    ['one that does not run', { '/usr/local/bin/node': null }],
  ])('does not prefer one that is %s', (_, nodes) => {
    expect(choose(NVM, machineOf({ nodes })).path).toBe(NVM);
  });

  test('does not take a steady place for steady when it leads to a version manager', () => {
    const machine = machineOf({
      nodes: { '/usr/local/bin/node': '24.1.0' },
      links: { '/usr/local/bin/node': NVM },
    });
    expect(choose(NVM, machine).path).toBe(NVM);
  });

  test('takes an old one of the system when the one that runs is no newer', () => {
    const running = '/home/me/.nvm/versions/node/v20.19.0/bin/node';
    const machine = machineOf({ nodes: { '/usr/bin/node': '20.20.2' } });
    expect(choose(running, machine, LINUX, '20.19.0').path).toBe('/usr/bin/node');
  });
});

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WatchdogError } from '../../src/core/base/errors.ts';
import { loadConfigInChild } from '../../src/config/load-in-child.ts';
import { loadConfig } from '../../src/config/load.ts';
import { inFolder } from './temporary.ts';

const reader = fileURLToPath(new URL('../../dist/config/load-child.js', import.meta.url));

describe('loadConfigIsolated()', () => {
  it('gives what loadConfig gives', async () => {
    const path = inFolder({
      'config.yaml': 'servers: {a: {command: [x, "${env:A}"]}, b: {url: "http://x/"}}',
    });
    expect(await loadConfigInChild(path, { A: 'ä' }, { reader })).toEqual(loadConfig(path, { A: 'ä' }));
  });

  it('throws what loadConfig throws', async () => {
    const wrong = inFolder({ 'config.yaml': 'servers: {a: {}}\nmetric: 1' });
    const unsafe = inFolder({ 'config.yaml': 'servers: {}' }, 0o666);
    for (const path of [wrong, unsafe, '/nowhere/config.yaml']) {
      const { message, code, hint } = catchError(() => loadConfig(path, {}));
      const heard = loadConfigInChild(path, {}, { reader });
      await expect(heard).rejects.toMatchObject({ message, code, hint });
    }
  });

  it('tells when the process itself fails, and ends it when asked', async () => {
    const path = inFolder({
      'config.yaml': 'servers: {}',
      'broken.js': 'process.exit(3)',
      'stuck.js': 'setInterval(() => {}, 1000)',
    });
    const failed = {
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('the process that reads it failed'),
    };
    await expect(
      loadConfigInChild(path, {}, { reader: path.replace('config.yaml', 'broken.js') }),
    ).rejects.toMatchObject(failed);
    const asked = AbortSignal.timeout(200);
    await expect(
      loadConfigInChild(path, {}, { reader: path.replace('config.yaml', 'stuck.js'), signal: asked }),
    ).rejects.toMatchObject(failed);
  });
});

function catchError(run: () => unknown): WatchdogError {
  try {
    run();
  } catch (error) {
    if (error instanceof WatchdogError) return error;
  }
  throw new Error('nothing was thrown');
}

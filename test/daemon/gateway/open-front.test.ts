// The gateway's front in the daemon: listeners as the settings say, and what is told when they cannot be.
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GatewaySettings } from '../../../src/core/model/gateway-policy.ts';
import { openFront } from '../../../src/daemon/gateway/open-front.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { ask } from '../../fakes/gateway.ts';
import { missingHome, tempHome } from '../../fakes/temp-home.ts';
import { makeFolder } from '../../../src/system/files/make-folder.ts';

const SETTINGS: GatewaySettings = {
  listen: { host: '127.0.0.1', port: 0 },
  socket: true,
  allowedHosts: [],
  allowedOrigins: [],
  tokenFile: null,
  maxBody: 1000,
  timeout: 1000,
  log: 'off',
};

function start(paths = tempHome()) {
  const warnings: string[] = [];
  const opened = openFront({
    paths,
    clock: systemClock,
    servers: { find: () => undefined, list: () => [] },
    log: { warn: (facts, sentence) => warnings.push(`${sentence} ${JSON.stringify(facts)}`) },
  });
  onTestFinished(() => opened.close());
  return { ...opened, opened, paths, warnings, socket: join(paths.run, 'gateway.sock') };
}

const port = (url: string | null): number => Number(new URL(url ?? '').port);
const status = async (target: number, headers: Readonly<Record<string, string>> = {}): Promise<number> =>
  (await ask(target, { path: '/', headers })).status;

describe('the front of the gateway', () => {
  test('listens on port and socket, and leaves nothing behind', async () => {
    const { opened, socket, paths } = start();
    await opened.apply(SETTINGS);
    expect(opened.troubles).toEqual([]);
    expect(await status(port(opened.url))).toBe(200);
    expect((await ask(0, { socketPath: socket, path: '/', headers: { host: 'localhost' } })).status).toBe(
      200,
    );
    expect([statSync(socket).mode & 0o777, statSync(join(paths.run, 'gateway.key')).mode & 0o777]).toEqual([
      0o600, 0o600,
    ]);
    await opened.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('follows its settings: what stays the same stays open', async () => {
    const { opened, socket } = start();
    await opened.apply(SETTINGS);
    const { url } = opened;
    const before = statSync(socket).ino;
    await opened.apply({ ...SETTINGS, allowedHosts: ['box'] });
    expect([opened.url, statSync(socket).ino]).toEqual([url, before]);
    expect(await status(port(url), { host: 'box' })).toBe(200);
    await opened.apply({ ...SETTINGS, listen: null, socket: false });
    expect([opened.url, existsSync(socket)]).toEqual([null, false]);
    await expect(status(port(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('tells once of a port that is taken, serves the socket, and takes the port when it is free', async () => {
    const { opened, socket, warnings } = start();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    await opened.apply({ ...SETTINGS, listen: { host: '127.0.0.1', port: taken } });
    expect(opened.troubles).toMatchObject([
      {
        part: 'tcp',
        message: expect.stringContaining(`process ${process.pid}`),
        hint: expect.stringContaining('gateway.listen'),
      },
    ]);
    await opened.renew();
    expect(warnings).toHaveLength(1);
    expect((await ask(0, { socketPath: socket, path: '/', headers: { host: 'localhost' } })).status).toBe(
      200,
    );
    await new Promise((resolve) => other.close(resolve));
    await opened.renew();
    expect([opened.troubles, port(opened.url)]).toEqual([[], taken]);
  });

  test('names what cannot be made when the system refuses, and what to do', async () => {
    const { opened, socket, paths } = start();
    // A folder in its place: it can be neither removed as a file nor bound.
    makeFolder(join(socket, 'in-the-way'));
    await opened.apply({ ...SETTINGS, listen: null });
    expect(opened.troubles).toMatchObject([
      {
        part: 'socket',
        message: expect.stringMatching(/^The gateway cannot make its socket: .*gateway\.sock/u),
        hint: expect.stringContaining('mcp-watchdog doctor'),
      },
    ]);
    rmSync(join(paths.run, 'gateway.sock'), { recursive: true });
    await opened.renew();
    expect(opened.troubles).toEqual([]);
  });

  test('makes a socket again that somebody removed', async () => {
    const { opened, socket } = start();
    await opened.apply(SETTINGS);
    rmSync(socket);
    await opened.renew();
    expect((await ask(0, { socketPath: socket, path: '/', headers: { host: 'localhost' } })).status).toBe(
      200,
    );
  });

  test('puts the socket elsewhere when the path of the home is too long for one', async () => {
    const paths = missingHome('long'.repeat(40));
    makeFolder(paths.run);
    const { opened, socket } = start(paths);
    await opened.apply(SETTINGS);
    expect(opened.troubles).toEqual([]);
    const path = readFileSync(`${socket}.path`, 'utf8');
    expect((await ask(0, { socketPath: path, path: '/', headers: { host: 'localhost' } })).status).toBe(200);
    await opened.close();
    expect([existsSync(path), existsSync(`${socket}.path`)]).toEqual([false, false]);
  });

  test('wants the token of its file, and lets nobody in without one it can trust', async () => {
    const { opened, paths, socket } = start();
    const tokenFile = join(paths.home, 'token');
    const settings = { ...SETTINGS, tokenFile };
    writeFileSync(tokenFile, 'a-token-of-24-characters\n', { mode: 0o600 });
    await opened.apply(settings);
    const headers = { authorization: 'Bearer a-token-of-24-characters' };
    expect([await status(port(opened.url)), await status(port(opened.url), headers)]).toEqual([401, 200]);
    writeFileSync(tokenFile, 'another-token-of-24-characters');
    await opened.apply(settings);
    expect(await status(port(opened.url), headers)).toBe(401);
    const spoils = [
      () => chmodSync(tokenFile, 0o644),
      () => writeFileSync(tokenFile, ''),
      () => writeFileSync(tokenFile, 'two words of a token'),
      () => rmSync(tokenFile),
    ];
    for (const spoil of spoils) {
      writeFileSync(tokenFile, 'a-token-of-24-characters\n');
      chmodSync(tokenFile, 0o600);
      spoil();
      await opened.apply(settings);
      expect([opened.url, opened.troubles]).toMatchObject([null, [{ part: 'token' }]]);
      expect((await ask(0, { socketPath: socket, path: '/', headers: { host: 'localhost' } })).status).toBe(
        200,
      );
    }
    await opened.apply(SETTINGS);
    expect(await status(port(opened.url))).toBe(200);
  });

  test('says so when its key was lost, and not when there never was one', async () => {
    const paths = tempHome();
    const first = start(paths);
    await first.opened.close();
    expect(first.warnings).toEqual([]);
    writeFileSync(join(paths.run, 'gateway.key'), 'x');
    expect(start(paths).warnings).toEqual([expect.stringContaining('made anew')]);
  });
});

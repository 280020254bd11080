// Command `open`, on Linux: `xdg-open` is played and records what it is asked; of macOS in open-darwin.test.ts.
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import { pageUrl } from '../../../src/core/status/page-url.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { playProgram } from '../../fakes/played-program.ts';
import { status } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const URL = 'http://127.0.0.1:9638/';

async function open(
  env: Readonly<Record<string, string>> = {},
  { listen = 'http://127.0.0.1:9638', argv = [] }: { listen?: string | null; argv?: readonly string[] } = {},
) {
  const paths = missingHome();
  const { handlers } = fakeDaemon(status([], { listen }));
  const server = await startControlServer({ socketPath: paths.socket, handlers });
  onTestFinished(() => server.close());
  const PATH = process.env['PATH'] ?? '';
  // Its patience with the opener never ends, however slow the machine is.
  const io = fakeIo({ clock: new FakeClock(), env: { PATH, MCP_WATCHDOG_HOME: paths.home, ...env } });
  const code = await runCli(['open', ...argv], io);
  return { code, out: io.stdout(), err: io.stderr() };
}

const FILE = '/home/ada/.mcp-watchdog/run/open-0123456789abcdef.html';
const PRINT = 'mcp-watchdog open --print prints a link that signs you in, once';

describe('open', () => {
  it('gives the system a file that leads to the page, so that the code is no argument', async () => {
    const browser = playProgram('xdg-open', {});
    expect(await open({ DISPLAY: ':0' })).toEqual({ code: 0, out: `Opened ${URL}, signed in\n`, err: '' });
    expect(browser.asked()).toEqual([expect.stringMatching(new RegExp(` ${FILE}$`, 'u'))]);
  });

  it('prints a link when asked, and only the address without a display and over SSH', async () => {
    const browser = playProgram('xdg-open', {});
    const printed = await open({ DISPLAY: ':0' }, { argv: ['--print'] });
    expect(printed).toMatchObject({ code: 0, out: `${URL}#/open=CODE\n` });
    const bare = await open();
    expect(bare).toMatchObject({ code: 0, out: `${URL}\nNot opened: there is no display here\n${PRINT}\n` });
    const remote = await open({ DISPLAY: ':0', SSH_CONNECTION: '1 2 3 4' });
    expect(remote.out).toMatch(
      /^http:\/\/127\.0\.0\.1:9638\/\nNot opened: this is an SSH session\. .*ssh -L/,
    );
    expect(JSON.parse((await open({}, { argv: ['--json'] })).out)).toMatchObject({
      data: { url: URL, opened: false, reason: 'Not opened: there is no display here' },
    });
    expect(browser.asked()).toEqual([]);
  });

  it('ends all sessions', async () => {
    expect(await open({}, { argv: ['--revoke'] })).toMatchObject({
      code: 0,
      out: 'Signed out: 2 sessions\n',
    });
    expect(JSON.parse((await open({}, { argv: ['--revoke', '--json'] })).out)).toMatchObject({
      data: { ended: 2 },
    });
  });

  it('says why it could not be opened, and the address', async () => {
    playProgram('xdg-open', { status: 3 });
    expect(await open({ WAYLAND_DISPLAY: 'wayland-0' })).toMatchObject({
      code: 1,
      out: `${URL}\nIt was not opened: xdg-open ended with exit code 3\n${PRINT}\n`,
    });
    expect(await open({ DISPLAY: ':0', PATH: '/nowhere' })).toMatchObject({
      code: 1,
      out: `${URL}\nIt was not opened: xdg-open was not found; install xdg-utils\n${PRINT}\n`,
    });
    const deaf = await open({ DISPLAY: ':0' }, { listen: null });
    expect(deaf).toMatchObject({ code: 1, err: expect.stringContaining('the daemon does not listen') });
  });

  it('needs a daemon', async () => {
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: missingHome().home } });
    expect(await runCli(['open'], io)).toBe(5);
    expect(io.stderr()).toContain('none is running');
  });
});

it.each([
  ['http://0.0.0.0:9638', 'http://127.0.0.1:9638/'],
  ['https://[::]:9638/', 'https://[::1]:9638/'],
  ['127.0.0.1:9638', 'http://127.0.0.1:9638/'],
  ['http://192.168.1.4:9638', 'http://192.168.1.4:9638/'],
])('the page of a daemon at %s is %s', (listen, url) => {
  expect(pageUrl(listen)).toBe(url);
});

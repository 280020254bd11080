// Command `open` on macOS, played.
import { played } from '../../fakes/play-darwin.ts';
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { playProgram } from '../../fakes/played-program.ts';
import { missingHome } from '../../fakes/temp-home.ts';

it('gives the page to open(1), which needs no display, and not over SSH', async () => {
  expect(played).toBe('darwin');
  const paths = missingHome();
  const server = await startControlServer({ socketPath: paths.socket, handlers: fakeDaemon().handlers });
  onTestFinished(() => server.close());
  const opener = playProgram('open', {});
  const base = { PATH: process.env['PATH'] ?? '', MCP_WATCHDOG_HOME: paths.home };
  // Its patience with the opener never ends, however slow the machine is.
  const io = fakeIo({ clock: new FakeClock(), env: base });
  expect(await runCli(['open'], io)).toBe(0);
  expect(io.stdout()).toBe('Opened http://127.0.0.1:9638/, signed in\n');
  expect(opener.asked()).toEqual([
    expect.stringMatching(/ \/home\/ada\/\.mcp-watchdog\/run\/open-[\da-f]{16}\.html$/u),
  ]);
  const remote = fakeIo({ env: { ...base, SSH_TTY: '/dev/ttys001' } });
  expect(await runCli(['open'], remote)).toBe(0);
  expect(remote.stdout()).toContain('SSH session');
  expect(opener.asked()).toHaveLength(1);
});

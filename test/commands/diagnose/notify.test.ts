// `notify test`: what it prints for each channel, with and without a daemon.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { notifyReport } from '../../../src/commands/diagnose/notify-report.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { ChannelReport } from '../../../src/core/model/notification.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { missingHome, tempHome } from '../../fakes/temp-home.ts';

const SENT: ChannelReport = {
  kind: 'desktop',
  to: 'osascript',
  outcome: { result: 'sent', detail: 'handed over to osascript' },
  advice: 'If you saw nothing: open Script Editor',
};
const FAILED: ChannelReport = {
  kind: 'webhook',
  to: 'hooks.example.com',
  outcome: { result: 'failed', reason: 'http_status', detail: 'answered 500 \u001B[31m' },
  advice: null,
};

describe('notifyReport()', () => {
  it('says what was handed over, what failed, and what to do', () => {
    expect(notifyReport([SENT, FAILED], { through: 'daemon', colour: false })).toEqual([
      'desktop (osascript): handed over to osascript',
      '  If you saw nothing: open Script Editor',
      'webhook (hooks.example.com): not sent, http_status: answered 500 ',
    ]);
    expect(notifyReport([SENT], { through: 'here', colour: false })[0]).toMatch(/^No daemon runs/);
    expect(notifyReport([], { through: 'here', colour: false })).toEqual([
      'No channel is configured: add one under alerts.notify',
    ]);
  });

  it('never says delivered', () => {
    expect(notifyReport([SENT], { through: 'daemon', colour: true }).join()).not.toMatch(/deliver/i);
  });
});

describe('notify test', () => {
  it.each([
    [[SENT], 0],
    [[SENT, FAILED], 1],
    [[], 0],
  ])('asks the daemon, and exits by what became of it', async (channels, code) => {
    const paths = missingHome();
    const { handlers } = fakeDaemon();
    const server = await startControlServer({
      socketPath: paths.socket,
      handlers: { ...handlers, notifyTest: () => channels },
    });
    onTestFinished(() => server.close());
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
    expect(await runCli(['notify', 'test', '--json'], io)).toBe(code);
    expect(JSON.parse(io.stdout())).toEqual({
      version: 1,
      ok: true,
      data: { through: 'daemon', channels },
    });
  });

  it('sends by itself when no daemon runs', async () => {
    const paths = tempHome();
    const program = join(paths.home, 'tell');
    writeFileSync(program, '#!/bin/sh\nexit 3\n');
    chmodSync(program, 0o755);
    writeFileSync(
      paths.config,
      JSON.stringify({ servers: {}, alerts: { notify: [{ kind: 'command', command: [program] }] } }),
      { mode: 0o600 },
    );
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home, PATH: '/usr/bin:/bin' } });
    expect(await runCli(['notify', 'test'], io)).toBe(1);
    expect(io.stdout()).toBe(
      'No daemon runs: sent by this command, from the session of this terminal\n' +
        'command (tell): not sent, exit_code: tell ended with exit code 3\n',
    );
  });

  it('says what is wrong with the config when it cannot be read', async () => {
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: missingHome().home } });
    expect(await runCli(['notify', 'test'], io)).toBe(2);
    expect(io.stderr()).toContain('there is no such file');
  });
});

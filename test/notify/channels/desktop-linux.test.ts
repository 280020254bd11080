// Desktop notifications on Linux: recorded by a stand-in, and sent by the real program on a real session bus.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DesktopSettings } from '../../../src/core/model/notification.ts';
import { openDesktop } from '../../../src/notify/channels/desktop.ts';
import type { Channel } from '../../../src/notify/channels/channel.ts';
import { composeMessage, testNotification } from '../../../src/notify/message/message.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { startGroup } from '../../fakes/processes.ts';
import { requireProgram, requireThat } from '../../fakes/require-program.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import {
  AT,
  digest,
  NASTY,
  OPTIONS,
  partsIn,
  program,
  recorder,
  single,
  tempFolder,
  told,
} from '../fixtures.ts';

const SETTINGS: DesktopSettings = { kind: 'desktop', program: null, timeout: 10_000 };

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

describe('the desktop of Linux', () => {
  it('is given the address of the runbook in a line of its own', async () => {
    const folder = tempFolder();
    const recorded = recorder(folder, 'notify-send');
    const runbook = 'https://wiki.example.com/?a=1&name=McpServerGaveUp';
    await openDesktop(SETTINGS, partsIn(folder)).send(single({ runbook }), OPTIONS);
    expect(recorded().argv.at(-1)).toMatch(/\nhttps:\/\/wiki\.example\.com\/\?a=1&amp;name=McpServerGaveUp$/);
  });

  it.each([
    ['critical', single(), 'critical', 'dialog-error', 'mcp-watchdog-files'],
    ['warning', single({ severity: 'warning' }), 'normal', 'dialog-warning', 'mcp-watchdog-files'],
    ['resolved', single({ state: 'resolved' }), 'normal', 'dialog-information', 'mcp-watchdog-files'],
    ['digest', digest([told(), told()]), 'critical', 'dialog-error', 'mcp-watchdog'],
    ['test', testNotification(AT), 'normal', 'dialog-information', 'mcp-watchdog'],
  ])(
    'is asked for a %s with its urgency, its picture and its topic',
    async (_, notification, urgency, icon, topic) => {
      const folder = tempFolder();
      const recorded = recorder(folder, 'notify-send');
      const { title, subtitle, body } = composeMessage(notification);
      expect(await openDesktop(SETTINGS, partsIn(folder)).send(notification, OPTIONS)).toEqual({
        result: 'sent',
        detail: 'handed over to notify-send',
      });
      expect(recorded().argv).toEqual([
        '-a',
        'mcp-watchdog',
        '-u',
        urgency,
        '-i',
        icon,
        '-h',
        `string:x-canonical-private-synchronous:${topic}`,
        '--',
        title,
        `${escaped(subtitle)}\n${escaped(body)}`,
      ]);
    },
  );

  it.each([
    'Cannot autolaunch D-Bus without X11 $DISPLAY',
    'GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: The name org.freedesktop.Notifications was not provided by any .service files',
    'Could not connect: No such file or directory',
  ])('says that nobody shows notifications when notify-send says: %s', async (words) => {
    const folder = tempFolder();
    program(folder, 'notify-send', `console.error(${JSON.stringify(words)}); process.exit(1)`);
    expect(await openDesktop(SETTINGS, partsIn(folder)).send(single(), OPTIONS)).toMatchObject({
      result: 'failed',
      reason: 'no_session',
    });
  });

  it('tells any other failure as it is', async () => {
    const folder = tempFolder();
    program(folder, 'notify-send', 'console.error("Unknown option -a"); process.exit(1)');
    expect(await openDesktop(SETTINGS, partsIn(folder)).send(single(), OPTIONS)).toEqual({
      result: 'failed',
      reason: 'exit_code',
      detail: 'notify-send ended with exit code 1: Unknown option -a',
    });
  });

  it('knows beforehand whether the program and a session are there', async () => {
    const folder = tempFolder();
    const check = (more: Record<string, string>) => {
      const { environment, ...parts } = partsIn(folder);
      return openDesktop(SETTINGS, { ...parts, environment: { ...environment, ...more } }).check();
    };
    expect(await check({})).toMatchObject({ ok: false, cure: expect.stringContaining('libnotify-bin') });
    recorder(folder, 'notify-send');
    expect(await check({})).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no desktop session'),
    });
    expect(await check({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' })).toMatchObject({ ok: true });
    mkdirSync(join(folder, 'run'));
    expect(await check({ XDG_RUNTIME_DIR: join(folder, 'run') })).toMatchObject({ ok: false });
    writeFileSync(join(folder, 'run', 'bus'), '');
    expect(await check({ XDG_RUNTIME_DIR: join(folder, 'run') })).toMatchObject({ ok: true });
  });
});

const PYTHON = '/usr/bin/python3';
const hasMock = spawnSync(PYTHON, ['-c', 'import dbusmock']).status === 0;
const isReal = [
  requireProgram('notify-send'),
  requireProgram('dbus-run-session'),
  requireThat('python3-dbusmock', hasMock),
].every(Boolean);

/** A session bus of its own with a notification service that writes down each call. */
async function realDesktop(): Promise<{ channel: Channel; log: () => string }> {
  const script = `echo "$DBUS_SESSION_BUS_ADDRESS"; exec ${PYTHON} -u -m dbusmock --template notification_daemon`;
  const session = startGroup(['dbus-run-session', '--', '/bin/sh', '-c', script]);
  let output = '';
  session.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const address = await waitFor(() => /^(unix:\S+)\n/.exec(output)?.[1], { what: 'the session bus' });
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    DBUS_SESSION_BUS_ADDRESS: address,
  };
  const channel = openDesktop(SETTINGS, { clock: systemClock, environment, platform: 'linux' });
  await waitFor(async () => (await channel.send(testNotification(AT), OPTIONS)).result === 'sent', {
    what: 'the notification service',
    timeout: 60_000,
  });
  return { channel, log: () => output };
}

describe.skipIf(!isReal)('notify-send on a real session bus', () => {
  it('hands over every nasty text as it is, and markup as text', { timeout: 120_000 }, async () => {
    const { channel, log } = await realDesktop();
    for (const text of NASTY) {
      const notification = single({ summary: text });
      const { title, subtitle, body } = composeMessage(notification);
      expect(await channel.send(notification, OPTIONS)).toMatchObject({ result: 'sent' });
      const shown = `Notify "mcp-watchdog" 0 "dialog-error" "${title}" "${escaped(subtitle)}\n${escaped(body)}" []`;
      await waitFor(() => log().includes(shown), { what: shown });
    }
    expect(log()).toContain('"urgency": 2');
    expect(log()).toContain('"x-canonical-private-synchronous": "mcp-watchdog-files"');
  });

  it('tells that nobody is there when there is a bus without a notification service', async () => {
    const folder = tempFolder();
    const parts = partsIn(folder);
    const environment = {
      PATH: process.env['PATH'] ?? '',
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/none`,
    };
    const channel = openDesktop(SETTINGS, { ...parts, environment });
    expect(await channel.send(single(), OPTIONS)).toMatchObject({ result: 'failed', reason: 'no_session' });
  });
});

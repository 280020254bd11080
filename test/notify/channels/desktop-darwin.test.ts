// Desktop notifications on macOS: a constant script with all texts as arguments, recorded by a stand-in for osascript.
import { describe, expect, it } from 'vitest';
import type { DesktopSettings } from '../../../src/core/model/notification.ts';
import { openDesktop } from '../../../src/notify/channels/desktop.ts';
import { composeMessage } from '../../../src/notify/message/message.ts';
import { NASTY, OPTIONS, partsIn, program, recorder, single, tempFolder } from '../fixtures.ts';

const SETTINGS: DesktopSettings = { kind: 'desktop', program: null, timeout: 10_000 };

const SCRIPT = [
  '-e',
  'on run argv',
  '-e',
  'display notification (item 2 of argv) with title (item 1 of argv) subtitle (item 3 of argv)',
  '-e',
  'end run',
  '--',
];

describe('the desktop of macOS', () => {
  it.each(NASTY.map((text) => [text.slice(0, 40), text]))(
    'is told %j as data, never as script',
    async (_, text) => {
      const folder = tempFolder();
      const recorded = recorder(folder, 'osascript');
      const notification = single({ summary: text, about: text });
      const { title, subtitle, body } = composeMessage(notification);
      const outcome = await openDesktop(SETTINGS, partsIn(folder, 'darwin')).send(notification, OPTIONS);
      expect(outcome).toEqual({ result: 'sent', detail: 'handed over to osascript' });
      expect(recorded().argv).toEqual([...SCRIPT, `MCP Watchdog: ${title}`, body, subtitle]);
    },
  );

  it('gives it nothing but what it needs to show text', async () => {
    const folder = tempFolder();
    const recorded = recorder(folder, 'osascript');
    await openDesktop(SETTINGS, partsIn(folder, 'darwin')).send(single(), OPTIONS);
    const { LANG, HOME, ...others } = recorded().env;
    expect({ LANG, HOME }).toEqual({ LANG: 'en_US.UTF-8', HOME: folder });
    expect(Object.keys(others).filter((name) => !/^(PATH|_|__CF.*|SHLVL|PWD)$/.test(name))).toEqual([]);
  });

  it('never says that it was seen, and what to do when it was not', () => {
    const { advice } = openDesktop(SETTINGS, partsIn(tempFolder(), 'darwin'));
    expect(advice).toContain('open Script Editor');
    expect(advice).toContain('System Settings > Notifications > Script Editor');
    expect(advice).toContain('Focus');
  });

  it.each([
    [
      'exits with an error',
      'console.error("execution error: no (-1743)"); process.exit(1)',
      'exit_code',
      '-1743',
    ],
    ['hangs', 'setInterval(() => {}, 1000)', 'timeout', 'did not end within 0.2 s'],
  ])('tells that it failed when osascript %s', async (_, after, reason, words) => {
    const folder = tempFolder();
    recorder(folder, 'osascript', after);
    const channel = openDesktop(
      { ...SETTINGS, timeout: after.includes('setInterval') ? 200 : 10_000 },
      partsIn(folder, 'darwin'),
    );
    const outcome = await channel.send(single(), OPTIONS);
    expect(outcome).toEqual({ result: 'failed', reason, detail: expect.stringContaining(words) });
  });

  it('tells that it failed where there is no osascript', async () => {
    const channel = openDesktop(SETTINGS, partsIn(tempFolder(), 'darwin'));
    expect(await channel.send(single(), OPTIONS)).toMatchObject({
      result: 'failed',
      reason: 'missing_program',
    });
    expect(await channel.check()).toMatchObject({ ok: false, reason: expect.stringContaining('osascript') });
  });

  it.each([
    ['Aqua', true],
    ['Background', false],
  ])('in a session of the kind %s can show something: %s', async (session, ok) => {
    const folder = tempFolder();
    recorder(folder, 'osascript');
    program(folder, 'launchctl', `console.log('${session}')`);
    expect(await openDesktop(SETTINGS, partsIn(folder, 'darwin')).check()).toMatchObject({ ok });
  });
});

describe('terminal-notifier', () => {
  const PAGE = 'http://127.0.0.1:9638/';
  const channelIn = (folder: string) => openDesktop(SETTINGS, { ...partsIn(folder, 'darwin'), page: PAGE });

  it.each(NASTY.map((text) => [text.slice(0, 40), text]))(
    'opens the page at a click, and is told %j as data',
    async (_, text) => {
      const folder = tempFolder();
      const recorded = recorder(folder, 'terminal-notifier');
      const notification = single({ summary: text });
      const { title, subtitle, body } = composeMessage(notification);
      expect(await channelIn(folder).send(notification, OPTIONS)).toEqual({
        result: 'sent',
        detail: 'handed over to terminal-notifier',
      });
      const { argv } = recorded();
      expect(argv.filter((_each, index) => index % 2 === 0)).toEqual([
        '-title',
        '-subtitle',
        '-message',
        '-group',
        '-open',
      ]);
      const texts = argv.filter((_each, index) => index % 2 === 1);
      expect(texts.map((one) => one.replace(/^\\/, ''))).toEqual([
        title,
        subtitle,
        body.replace(/^\\/, ''),
        'mcp-watchdog-files',
        PAGE,
      ]);
      // Nothing that it would read as a property list or an option.
      for (const one of texts) expect(one).toMatch(/^[\p{L}\p{N}\\]/u);
    },
  );

  it('that fails leaves it to osascript, and says so; without it nobody misses it', async () => {
    const folder = tempFolder();
    program(folder, 'terminal-notifier', 'process.exit(1)');
    const recorded = recorder(folder, 'osascript');
    expect(await channelIn(folder).send(single(), OPTIONS)).toEqual({
      result: 'sent',
      detail: 'handed over to osascript (terminal-notifier ended with exit code 1)',
    });
    expect(recorded().argv).toHaveLength(SCRIPT.length + 3);
    const bare = tempFolder();
    recorder(bare, 'osascript');
    expect(await channelIn(bare).send(single(), OPTIONS)).toMatchObject({
      detail: 'handed over to osascript',
    });
  });
});

describe('a program in place of the desktop', () => {
  const settings: DesktopSettings = {
    ...SETTINGS,
    program: ['alerter', '--title', '{title}', '--message', '{body}', '--group={server}'],
  };

  it.each(NASTY.map((text) => [text.slice(0, 40), text]))('gets %j as one argument', async (_, text) => {
    const folder = tempFolder();
    const recorded = recorder(folder, 'alerter');
    const notification = single({ summary: text });
    const { body } = composeMessage(notification);
    const outcome = await openDesktop(settings, partsIn(folder, 'darwin')).send(notification, OPTIONS);
    expect(outcome).toEqual({ result: 'sent', detail: 'handed over to alerter' });
    expect(recorded().argv).toEqual(['--title', 'files: gave up', '--message', body, '--group=files']);
  });

  it('that is not there leaves it to the desktop, and says so', async () => {
    const folder = tempFolder();
    const recorded = recorder(folder, 'osascript');
    program(folder, 'launchctl', `console.log('Aqua')`);
    const channel = openDesktop(settings, partsIn(folder, 'darwin'));
    expect(await channel.send(single(), OPTIONS)).toEqual({
      result: 'sent',
      detail: 'handed over to osascript (alerter was not found)',
    });
    expect(recorded().argv).toHaveLength(SCRIPT.length + 3);
    expect(await channel.check()).toEqual({
      ok: false,
      reason: 'alerter was not found or is not executable; osascript is used instead',
      cure: expect.stringContaining('Install alerter'),
    });
  });
});

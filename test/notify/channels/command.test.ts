// Programs as channels: real ones that work, fail, hang, flood and ignore signals.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandSettings } from '../../../src/core/model/notification.ts';
import { openCommand } from '../../../src/notify/channels/command.ts';
import { toPayload } from '../../../src/notify/message/payload.ts';
import { isRunning } from '../../fakes/processes.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { digest, NASTY, OPTIONS, partsIn, program, single, tempFolder, told } from '../fixtures.ts';

const ENOUGH = 20_000;

function settings(command: string, more: Partial<CommandSettings> = {}): CommandSettings {
  return { kind: 'command', command: [command, '$(id)', '-x'], env: {}, timeout: ENOUGH, ...more };
}

const READ_ALL = (out: string) =>
  `const fs = require('fs'); const input = fs.readFileSync(0, 'utf8');
   fs.writeFileSync(${JSON.stringify(out)}, JSON.stringify({ argv: process.argv.slice(2), env: process.env, input }));`;

describe('a command as a channel', { timeout: 120_000 }, () => {
  it('gets its own arguments as they are, and the notification as JSON on its stdin', async () => {
    const folder = tempFolder();
    const out = join(folder, 'out.json');
    const tell = program(folder, 'tell', READ_ALL(out));
    for (const text of NASTY) {
      const notification = single({ summary: text, about: 'files' });
      const channel = openCommand(settings(tell, { env: { TOKEN: 'of its own' } }), partsIn(folder));
      expect(await channel.send(notification, OPTIONS)).toEqual({
        result: 'sent',
        detail: 'handed over to tell',
      });
      const { argv, env, input } = JSON.parse(readFileSync(out, 'utf8'));
      expect(argv).toEqual(['$(id)', '-x']);
      expect(env).toMatchObject({ TOKEN: 'of its own', HOME: folder });
      expect(JSON.parse(input)).toEqual(toPayload(notification));
      expect(input.endsWith('\n') && input.split('\n').length === 2).toBe(true);
    }
  });

  it.each<[string, string, Partial<CommandSettings>, string, string]>([
    [
      'exits with 3',
      'console.error("first"); console.error("no \\u001b[31mtoken\\n"); process.exit(3)',
      {},
      'exit_code',
      'exit code 3: no token',
    ],
    [
      'is killed',
      'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1e3)',
      {},
      'exit_code',
      'was killed by SIGKILL',
    ],
    [
      'hangs',
      'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
      { timeout: 300 },
      'timeout',
      'did not end within 0.3 s',
    ],
  ])('has failed when it %s', async (_, body, more, reason, words) => {
    const folder = tempFolder();
    const channel = openCommand(settings(program(folder, 'tell', body), more), partsIn(folder));
    expect(await channel.send(single(), OPTIONS)).toEqual({
      result: 'failed',
      reason,
      detail: expect.stringContaining(words),
    });
  });

  it('has failed when it is not there or may not be executed', async () => {
    const folder = tempFolder();
    const channel = openCommand(settings('no-such-program'), partsIn(folder));
    expect(await channel.send(single(), OPTIONS)).toMatchObject({ reason: 'missing_program' });
    expect(await channel.check()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no-such-program'),
    });
    const tell = program(folder, 'tell', '');
    expect(await openCommand(settings(tell), partsIn(folder)).check()).toMatchObject({ ok: true });
    expect(await openCommand(settings('tell'), partsIn(folder)).check()).toMatchObject({ ok: true });
  });

  it('may ignore its stdin, and may flood its stdout', async () => {
    const folder = tempFolder();
    const many = digest(Array.from({ length: 1000 }, () => told({ summary: 'x'.repeat(5000) })));
    const deaf = program(folder, 'deaf', 'process.stdin.destroy(); process.exit(0)');
    expect(await openCommand(settings(deaf), partsIn(folder)).send(many, OPTIONS)).toMatchObject({
      result: 'sent',
    });
    const flood = program(
      folder,
      'flood',
      'const b = "y".repeat(65536); for (let i = 0; i < 500; i += 1) require("fs").writeSync(1, b);',
    );
    expect(await openCommand(settings(flood), partsIn(folder)).send(many, OPTIONS)).toMatchObject({
      result: 'sent',
    });
  });

  it('is ended with everything that it started, at the latest when it is broken off', async () => {
    const folder = tempFolder();
    const pid = join(folder, 'pid');
    const body = `const child = require('child_process').spawn('/bin/sleep', ['1000']);
      require('fs').writeFileSync(${JSON.stringify(pid)}, String(child.pid)); setInterval(() => {}, 1000);`;
    const channel = openCommand(settings(program(folder, 'tell', body)), partsIn(folder));
    const stop = new AbortController();
    const sending = channel.send(single(), { signal: stop.signal, mayRetry: true });
    const grandchild = await waitFor(() => existsSync(pid) && Number(readFileSync(pid, 'utf8')));
    stop.abort();
    expect(await sending).toMatchObject({ result: 'failed', reason: 'closed' });
    await waitFor(() => !isRunning(grandchild), { what: 'its child to be gone' });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/system/time/clock.ts';
import { startGuardian } from '../../../src/system/process/guardian.ts';
import { firstLine, isRunning, startGroup, STUBBORN_TREE } from '../../fakes/processes.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

describe('startGuardian()', () => {
  test(
    'ends a held tree that ignores TERM when its master is killed, and nothing else',
    { timeout: 20_000 },
    async () => {
      const stubborn = startGroup(STUBBORN_TREE);
      const grandchild = Number(await firstLine(stubborn));
      const bystander = startGroup(['sleep', '60']);
      const frozen = startGroup(['sleep', '60']);
      process.kill(frozen.pid, 'SIGSTOP');
      const script = fileURLToPath(new URL('../../fixtures/guardian-holder.mjs', import.meta.url));
      const master = spawn(process.execPath, [script, String(stubborn.pid), String(frozen.pid)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const guardian = Number(await firstLine(master));
      expect(isRunning(guardian)).toBe(true);
      master.kill('SIGKILL');
      await waitFor(() => ![stubborn.pid, grandchild, frozen.pid, guardian].some(isRunning), {
        timeout: 5000,
        what: 'the end of what was held',
      });
      expect(isRunning(bystander.pid)).toBe(true);
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'ends what left its group before anybody saw it, by what it inherited, and nobody of another daemon',
    { timeout: 20_000 },
    async () => {
      const mark = 'MCP_WATCHDOG_RUN=4242.token.unique/';
      const guardian = startGuardian({ clock: systemClock, onFault: () => {}, mark });
      const held = startGroup(['sleep', '60'], { MCP_WATCHDOG_RUN: '4242.token.unique/files/1' });
      const detached = startGroup(['sleep', '60'], { MCP_WATCHDOG_RUN: '4242.token.unique/files/1' });
      const stubborn = startGroup(['/bin/sh', '-c', `trap '' TERM; while :; do sleep 0.2; done`], {
        MCP_WATCHDOG_RUN: '4242.token.unique/files/1',
      });
      const stranger = startGroup(['sleep', '60'], { MCP_WATCHDOG_RUN: '4242.token.other/files/1' });
      const { pid } = guardian;
      guardian.hold(held.pid);
      guardian.close();
      await waitFor(() => ![pid ?? 0, held.pid, detached.pid, stubborn.pid].some(isRunning), {
        what: 'the end of the guardian and of what it ends',
      });
      expect(isRunning(stranger.pid)).toBe(true);
    },
  );

  test('leaves alone what it was told to drop', async () => {
    const guardian = startGuardian({ clock: systemClock, onFault: () => {} });
    const child = startGroup(['sleep', '60']);
    const { pid } = guardian;
    guardian.hold(child.pid);
    guardian.drop(child.pid);
    guardian.close();
    await waitFor(() => pid !== null && !isRunning(pid), { what: 'the end of the guardian' });
    expect(isRunning(child.pid)).toBe(true);
  });

  test('one that the system does not start is tried again until it does', async () => {
    const shell = join(tempHome().home, 'sh');
    const faults: string[] = [];
    const onFault = ({ message }: Error) => faults.push(message);
    const guardian = startGuardian({ clock: systemClock, onFault, shell });
    const child = startGroup(['sleep', '60']);
    guardian.hold(child.pid);
    await waitFor(() => faults.length > 0, { what: 'the refused start' });
    symlinkSync('/bin/sh', shell);
    const pid = await waitFor(() => guardian.pid, { what: 'a guardian' });
    const ended = once(child, 'exit');
    guardian.close();
    await ended;
    await waitFor(() => !isRunning(pid), { what: 'the end of the guardian' });
  });

  test('one that dies is replaced and told everything again', async () => {
    const faults: string[] = [];
    const guardian = startGuardian({ clock: systemClock, onFault: ({ message }) => faults.push(message) });
    onTestFinished(() => guardian.close());
    const child = startGroup(['sleep', '60']);
    guardian.hold(child.pid);
    const first = guardian.pid ?? 0;
    process.kill(first, 'SIGKILL');
    const second = await waitFor(() => guardian.pid !== first && guardian.pid, { what: 'a second guardian' });
    expect(second).not.toBe(first);
    expect(faults).toHaveLength(1);
    const ended = once(child, 'exit');
    guardian.close();
    await ended;
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identifyProcess, checkIdentity, readBootId } from '../../../src/system/process/process-identity.ts';
import { commandOf } from '../../../src/system/process/process-table.ts';
import { waitFor } from '../../fakes/wait-for.ts';

describe('identifyProcess()', () => {
  it('can be asked right after a spawn, and still holds after the program was loaded', async () => {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60_000)'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const identity = identifyProcess(child.pid!)!;
    expect(identity).toEqual({
      pid: child.pid,
      startToken: expect.stringMatching(/./),
      bootId: readBootId(),
    });
    await once(child.stdout, 'data');
    expect(checkIdentity(identity)).toBe('same');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(checkIdentity(identity)).toBe('gone');
    expect(identifyProcess(child.pid!)).toBeNull();
  });
});

describe('checkIdentity()', () => {
  it('takes a pid with another start for somebody else', () => {
    const own = identifyProcess(process.pid)!;
    expect(checkIdentity(own)).toBe('same');
    expect(checkIdentity({ ...own, startToken: 'before' })).toBe('recycled');
  });

  it('takes a pid of another boot for somebody else, even with the same start', () => {
    expect(
      checkIdentity({ ...identifyProcess(process.pid)!, bootId: '00000000-0000-0000-0000-000000000000' }),
    ).toBe('recycled');
  });

  it('does not guess when the boot is not known', () => {
    expect(checkIdentity({ ...identifyProcess(process.pid)!, bootId: null })).toBe('unknown');
  });

  it('takes a zombie for gone', async () => {
    const parent = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = await once(parent.stdout, 'data');
    const identity = identifyProcess(Number(line))!;
    // Until it has turned into a sleep, the shell would bury its child.
    await waitFor(async () => (await commandOf(parent.pid!))?.startsWith('sleep'));
    process.kill(identity.pid, 'SIGKILL');
    await waitFor(() => checkIdentity(identity) === 'gone');
    expect(identifyProcess(identity.pid)).toEqual(identity);
    parent.kill('SIGKILL');
  });
});

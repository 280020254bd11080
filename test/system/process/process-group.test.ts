import { describe, expect, test } from 'vitest';
import { signalGroup, signalProcess, terminateGroup } from '../../../src/system/process/process-group.ts';
import { startGroup } from '../../fakes/processes.ts';

describe('a signal', () => {
  test('to a group that has just ended is no error: there was nothing left to take it', async () => {
    const child = startGroup(['/bin/true']);
    await new Promise((resolve) => child.once('exit', resolve));
    expect(signalGroup(child.pid, 'SIGKILL')).toBe('gone');
    expect(signalProcess(child.pid, 'SIGKILL')).toBe('gone');
    expect(terminateGroup(child.pid)).toBe('gone');
  });

  test('to one that lives arrives', async () => {
    const child = startGroup(['sleep', '60']);
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    expect(signalGroup(child.pid, 0)).toBe('sent');
    expect(terminateGroup(child.pid)).toBe('sent');
    expect(await ended).toBe('SIGTERM');
  });

  test.each([-1, 0, 1, 1.5, Number.NaN])('to %d, which would be us or everybody, is refused', (id) => {
    expect(() => signalGroup(id, 'SIGTERM')).toThrow(RangeError);
    expect(() => signalProcess(id, 'SIGTERM')).toThrow(RangeError);
  });
});

// Status for everybody on this machine: no word of a server is left in it, wherever it stood.
import { describe, expect, it } from 'vitest';
import { describeCause } from '../../../src/core/base/cause.ts';
import { publicForm } from '../../../src/core/status/public-status.ts';
import { DOWN, NOW, serverStatus, status } from '../../fakes/status.ts';

const WORDS = 'KEY sk-123 of Jane is invalid';

describe('publicForm()', () => {
  const told = describeCause({ cause: 'exited with code 1', quote: WORDS });
  const full = status(
    [
      serverStatus({
        state: 'backoff',
        health: { ...DOWN, detail: `HTTP 401: ${WORDS}`, cause: 'HTTP 401', quote: WORDS },
        lastFailure: {
          at: NOW,
          code: 'EXITED_BEFORE_READY',
          message: 'It ended before it was ready: exit code 1',
          hint: null,
          retry: 'backoff',
          cause: 'exited with code 1 before it was ready',
          quote: WORDS,
        },
        lastRestart: { at: NOW, reason: 'probe', detail: `-32603 ${WORDS}, 3 of 3`, quote: WORDS },
        lastExit: { at: NOW, code: 1, signal: null, quote: WORDS },
        lastLines: [WORDS],
        conditions: { stdout_text: told },
      }),
    ],
    {
      alerts: [{ name: 'McpServerDown', about: 'context7', severity: 'critical', since: NOW, summary: told }],
    },
  );

  it('has nothing that a server said', () => {
    expect(JSON.stringify(full)).toContain(WORDS);
    expect(JSON.stringify(publicForm(full))).not.toContain('sk-123');
  });

  it('says the cause in our words', () => {
    const [server] = publicForm(full).servers;
    expect(server).toMatchObject({
      health: { detail: 'HTTP 401', cause: 'HTTP 401' },
      lastFailure: { cause: 'exited with code 1 before it was ready', hint: null },
      lastRestart: { detail: '-32603, 3 of 3' },
      lastLines: [],
    });
    expect(publicForm(full).daemon.alerts[0]?.summary).toBe('exited with code 1');
  });

  it('leaves all else as it is', () => {
    expect(publicForm(status())).toEqual(status());
  });
});

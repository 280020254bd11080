// launchctl's answers, as recorded and as they may change.
import { describe, expect, test } from 'vitest';
import {
  createLaunchctl,
  describeEnd,
  launchctlFailed,
  parseJob,
  readDisabled,
} from '../../../src/service/launchd/launchctl.ts';
import { explainJobEnd, explainLaunchctl } from '../../../src/service/launchd/launchctl-errors.ts';
import { macosSample } from '../../fakes/macos-samples.ts';

const LABEL = 'com.mcp.daemon';

describe('launchctl print', () => {
  test.each([
    ['print-running-15.txt', { state: 'running', pid: 16_090, runs: 2 }, 'last exit code (never exited)'],
    ['print-stopped-26.txt', { state: 'not running', pid: null, runs: 6 }, 'last exit code 0'],
    ['print-spawn-scheduled.txt', { state: 'spawn scheduled', runs: 0 }, 'last exit code (never exited)'],
    ['print-78.txt', { state: 'spawn scheduled', runs: 9 }, 'last exit code 78: EX_CONFIG'],
    ['print-signal.txt', { state: 'running', pid: 16_091 }, 'last terminating signal Killed: 9'],
    [
      'print-jetsam.txt',
      { state: 'not running', pid: null },
      'last exit reason JETSAM_REASON_MEMORY_PERPROCESSLIMIT',
    ],
    ['print-decoy.txt', { state: 'not running', pid: null, runs: 1 }, 'last exit code 1'],
  ])('of %s', (name, fields, end) => {
    const text = macosSample(name);
    const job = parseJob(text);
    expect(job).toMatchObject(fields);
    expect(describeEnd(job)).toBe(end);
    for (const mutated of mutationsOf(text)) expect(parseJob(mutated)).toEqual(job);
  });

  test('cut off anywhere, shows what came whole and no pid that is not', () => {
    const text = macosSample('print-running-15.txt');
    for (let end = 0; end < text.length; end += 1) {
      const { state, pid } = parseJob(text.slice(0, end));
      expect([null, 'running']).toContain('running'.startsWith(state ?? '?') ? 'running' : state);
      expect(pid === null || '16090'.startsWith(String(pid))).toBe(true);
    }
    expect(parseJob('')).toEqual({
      state: null,
      pid: null,
      lastExit: null,
      lastSignal: null,
      lastReason: null,
      runs: null,
    });
  });

  test('with other words than we know is a job of which nothing is known', () => {
    const job = parseJob(`gui/501/${LABEL} = {\n\tZustand = läuft\n\tpid = viele\n}\n`);
    expect(job).toMatchObject({ state: null, pid: null });
    expect(describeEnd(job)).toBeNull();
  });
});

/** The same job in another order, with a field more, and with a section in front that repeats its names. */
function mutationsOf(text: string): string[] {
  const [first = '', ...lines] = text.trimEnd().split('\n');
  const fields = lines.filter((line) => /^\t[^\t]+ = [^{]+$/u.test(line));
  const sections = lines.filter((line) => !fields.includes(line)).slice(0, -1);
  const decoy = ['\tnew section = {', '\t\tstate = active', '\t\tpid = 1', '\t\tlast exit code = 9', '\t}'];
  return [
    [first, ...fields.toReversed(), ...sections, '}', ''].join('\n'),
    [first, ...sections, ...fields, '}', ''].join('\n'),
    [first, '\tlast exit code of others = 5', ...lines, ''].join('\n'),
    [first, ...decoy, ...lines, ''].join('\n'),
    [first, ...lines, ...decoy, ''].join('\n'),
  ];
}

describe('launchctl print-disabled', () => {
  test.each(['print-disabled-12.txt', 'print-disabled-26.txt'])('of %s', (name) => {
    const text = macosSample(name);
    expect(readDisabled(text)).toEqual([LABEL]);
    expect(readDisabled(text.split('\n').toReversed().join('\n'))).toEqual([LABEL]);
    expect(readDisabled(text.replace(/^.*com\.mcp\.daemon.*$/mu, ''))).toEqual([]);
    expect(readDisabled(text.replaceAll(/^\s+/gmu, '\t\t\t'))).toEqual([LABEL]);
  });
});

describe('an answer that is no answer', () => {
  const errors: [number | null, string][] = JSON.parse(macosSample('launchctl-errors.json'));
  const launchctl = (code: number | null, stderr: string) =>
    createLaunchctl(() => Promise.resolve({ code, stdout: '', stderr, spawnError: null }));
  const GONE = new Set<number | null>([112, 113, 125]);

  test.each(errors)('%j: of a job, a domain and the disabled', async (code, stderr) => {
    const asked = launchctl(code, stderr);
    const answers = [
      asked.print(`gui/501/${LABEL}`),
      asked.hasDomain('gui/501'),
      asked.isDisabled('gui/501', LABEL),
    ];
    if (GONE.has(code)) return expect(await Promise.all(answers)).toEqual([null, false, false]);
    for (const answer of answers) {
      await expect(answer).rejects.toMatchObject({ code: 'SERVICE_FAILED', hint: expect.any(String) });
      await expect(answer).rejects.toThrow(
        code === null ? 'launchctl gave no answer in time' : `(launchctl error ${code})`,
      );
    }
  });

  test.each(errors)('%j: of something that was to be done, with its meaning', async (code, stderr) => {
    const answer = await launchctl(code, stderr).bootstrap('gui/501', '/x');
    expect(answer.number).toBe(code);
    if (code !== null) expect(explainLaunchctl(code)).not.toBeNull();
    const error = launchctlFailed(`load ${LABEL}`, answer);
    expect(error.message).not.toContain('launchctl gave no reason');
  });

  test('takes the number from the text where the exit code is another one', async () => {
    const asked = launchctl(1, 'Bootstrap failed: 125: Domain does not support specified action\n');
    expect((await asked.bootstrap('gui/501', '/x')).number).toBe(125);
  });
});

describe('explainJobEnd()', () => {
  const end = { lastExit: null, lastSignal: null, lastReason: null };

  test.each([
    [{ ...end, lastExit: '78: EX_CONFIG' }, /log file, working directory or program is missing/u],
    [{ ...end, lastReason: 'JETSAM_REASON_MEMORY_PERPROCESSLIMIT' }, /get memory back/u],
    [{ ...end, lastReason: 'OS_REASON_CODESIGNING' }, /signature of node/u],
    [{ ...end, lastSignal: 'Killed: 9' }, /killed from outside/u],
  ])('knows %j', (job, words) => expect(explainJobEnd(job)?.message).toMatch(words));

  test.each([
    { ...end, lastExit: '1' },
    { ...end, lastExit: '73' },
    // Shells use these two; launchd starts node itself.
    { ...end, lastExit: '126' },
    { ...end, lastExit: '127' },
    { ...end, lastExit: '(never exited)' },
    { ...end, lastSignal: 'Terminated: 15' },
    end,
  ])('leaves to the program what it did itself: %j', (job) => expect(explainJobEnd(job)).toBeNull());
});

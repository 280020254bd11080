// Orphans on macOS: found by what ps, lsof and launchctl say, and ended one by one. The processes are real.
import { played } from '../fakes/play-darwin.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { RUN_MARKER } from '../../src/core/lifecycle/run-marker.ts';
import { findOrphans, type FindOrphansOptions } from '../../src/orphans/find-orphans.ts';
import { reapOrphans } from '../../src/orphans/reap-orphans.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { playProgram } from '../fakes/played-program.ts';
import { startGroup } from '../fakes/processes.ts';

const START = 'Mon Jan  5 09:15:00 2026';
const OPTIONS: FindOrphansOptions = {
  configured: [],
  patterns: ['my-mcp'],
  minimumAge: 1000,
  registered: [],
};
/** Of a daemon that is gone. */
const DEAD = '999999.Mon%20Jan%205%2007%3A02%3A11%202026.1a2b/files/3';

interface Stage {
  /** Environment that ps -E shows of the server. */
  readonly environment?: string;
  readonly jobs?: string;
  readonly input?: string;
  readonly sockets?: string;
}

/** One server without a parent, which ps shows for as long as it lives. */
function stage({
  environment = '',
  jobs = 'PID\tStatus\tLabel\n1\t0\tcom.x\n',
  input = 'p{server}\nf0\ntunix\nn->(none)\n',
  sockets = '',
}: Stage = {}) {
  const { pid } = startGroup(['/bin/sh', '-c', 'sleep 60']);
  const command = '/usr/local/bin/my-mcp --verbose';
  const uid = process.getuid!();
  const row = (of: number, start: string): string => `${of} 1 ${of} S 2048 0:00.10 ${start}`;
  playProgram('ps', {
    script: `
own='${row(process.pid, START)}'; server='${row(pid, START)}'
kill -0 ${pid} 2>/dev/null || server=''
grep -q 'State:.Z' /proc/${pid}/status 2>/dev/null && server=''
case "$*" in
*-E*) echo "${process.pid} ${uid} ?? node cli.js"; echo "${pid} ${uid} ?? ${command} ${environment}";;
*command*) echo "${process.pid} ${uid} ?? node cli.js"; echo "${pid} ${uid} ?? ${command}";;
*"-p 999999") exit 1;;
*"-p ${pid}") test -n "$server" || exit 1; echo "$server";;
*) echo "$own"; test -z "$server" || echo "$server";;
esac`,
  });
  playProgram('launchctl', { stdout: jobs.replaceAll('{server}', String(pid)) });
  playProgram('lsof', {
    script: `case "$*" in *iTCP*) cat <<'X'
${sockets.replaceAll('{server}', String(pid))}X
exit 0;; *) cat <<'X'
${input.replaceAll('{server}', String(pid))}X
exit 0;; esac`,
  });
  return { pid, find: () => findOrphans(OPTIONS) };
}

beforeEach(() => void playProgram('sysctl', { stdout: '0FDB-11\n' }));

describe('a server without a parent', () => {
  test('is certain when nobody holds its input, and is ended', async () => {
    expect(played).toBe('darwin');
    const { pid, find } = stage();
    const orphans = await find();
    expect(orphans).toMatchObject([{ pid, name: 'my-mcp', isCertain: true, ownsGroup: true }]);
    expect(await reapOrphans(orphans, systemClock)).toMatchObject([{ outcome: 'ended' }]);
    expect(await find()).toEqual([]);
  });

  test('is certain by the mark of a daemon that is gone', async () => {
    const { find } = stage({ environment: `HOME=/Users/me ${RUN_MARKER}=${DEAD}`, input: '' });
    expect(await find()).toMatchObject([
      { isCertain: true, because: [expect.anything(), expect.stringContaining('mark of a watchdog')] },
    ]);
  });

  test.each<[string, Stage]>([
    ['lsof does not tell of its input', { input: '' }],
    ['lsof was cut off', { input: 'p1\nf0\ntunix\nn->(no' }],
    ['its environment asks for HTTP', { environment: 'MCP_TRANSPORT=http' }],
    ['it listens', { sockets: 'p1\nf9\nn*:3000\nTST=LISTEN\n' }],
  ])('is not certain when %s', async (_, what) => {
    const { find } = stage(what);
    expect(await find()).toMatchObject([{ isCertain: false }]);
  });

  test.each<[string, Stage]>([
    ['it is a job of launchd', { jobs: 'PID\tStatus\tLabel\n{server}\t0\tcom.x\n' }],
    ['launchd does not tell its jobs, and it leads a group', { jobs: 'Could not connect\n' }],
  ])('is none when %s', async (_, what) => {
    const { find } = stage(what);
    expect(await find()).toEqual([]);
  });
});

test('a ps that shows nobody finds no orphan, and says so', async () => {
  playProgram('ps', {});
  await expect(findOrphans(OPTIONS)).rejects.toMatchObject({ code: 'PROCESS_TABLE_UNREADABLE' });
});

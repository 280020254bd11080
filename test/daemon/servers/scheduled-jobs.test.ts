// The jobs as the daemon has them: real files, real node-schedule, a second as the shortest wait.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { DaemonConfig } from '../../../src/config/build/loaded-config.ts';
import type { EventOf } from '../../../src/core/model/events.ts';
import { NO_UPDATES, type UpdateStatus } from '../../../src/core/model/update.ts';
import { openContext } from '../../../src/daemon/context.ts';
import { openScheduledJobs } from '../../../src/daemon/servers/scheduled-jobs.ts';
import { DAY, untidyHome } from '../../fakes/rubbish.ts';
import { specOf } from '../../fakes/spec.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const EACH_SECOND = '* * * * * *';
/** On its way from 1.1.0 to 1.2.0, and could go back to 1.0.0. */
const UPDATING: UpdateStatus = {
  checkedAt: null,
  outlook: null,
  memory: { ...NO_UPDATES, previous: '1.0.0' },
  progress: {
    phase: 'canary',
    from: '1.1.0',
    to: '1.2.0',
    by: 'operator',
    since: 0,
    until: null,
    detail: null,
  },
};
const NEVER = { update: null, cleanup: null, backup: null };

function setUp({ schedule = {}, jobs = {} }: { schedule?: object; jobs?: Record<string, unknown> } = {}) {
  const paths = tempHome();
  writeFileSync(paths.config, 'servers: {}\n', { mode: 0o600 });
  const defaults = loadConfig(paths.config, {}).config;
  const withSchedule = (changes: object): DaemonConfig => ({
    ...defaults,
    schedule: { ...NEVER, ...changes },
  });
  const context = openContext({ paths, version: '1.2.3' });
  onTestFinished(() => context.teardown.run());
  const news: EventOf<'job'>[] = [];
  context.bus.subscribe((event) => {
    if (event.kind === 'job') news.push(event);
  });
  const records = new Map(Object.entries(jobs));
  let change: (settings: DaemonConfig) => void = () => {};
  const opened = openScheduledJobs(context, {
    settings: withSchedule(schedule),
    supervisor: () => ({ specs: () => [specOf({ name: 'a' })], roots: () => [] }),
    status: () => status([serverStatus({ name: 'a', update: UPDATING })]),
    update: () => Promise.resolve({ said: 'checked 1', error: null }),
    settle: 20,
    stateStore: {
      save: () => {},
      job: (name) => records.get(name),
      setJob: (name, record) => void records.set(name, record),
    },
  });
  return {
    context,
    paths,
    news,
    records,
    cleanUp: (options: { dryRun: boolean }) => opened.cleanUp(options),
    start: () =>
      opened.start({
        files: () => [paths.config],
        onSettings(listener) {
          change = listener;
          return () => {};
        },
      }),
    reschedule: (changes: object) => change(withSchedule(changes)),
  };
}

describe('the jobs', () => {
  test('run when they are due, are told, and are written down', async () => {
    const { paths, news, records, start } = setUp({ schedule: { backup: EACH_SECOND } });
    await start();
    await waitFor(() => news.length >= 2, { what: 'two runs' });
    expect(news[0]).toMatchObject({
      job: 'backup',
      error: null,
      said: expect.stringMatching(/^backed up 1 file/),
    });
    expect(news[1]).toMatchObject({
      job: 'backup',
      error: null,
      said: expect.stringMatching(/^nothing changed/),
    });
    expect(readdirSync(paths.backups)).toHaveLength(1);
    expect(records.get('backup')).toMatchObject({ rule: EACH_SECOND, lastRunAt: expect.any(Number) });
  });

  test('look for updates when that is asked for', async () => {
    const { news, records, start } = setUp({ schedule: { update: EACH_SECOND } });
    await start();
    await waitFor(() => news.length >= 1, { what: 'a run' });
    expect(news[0]).toMatchObject({ job: 'update', said: 'checked 1', error: null });
    expect(records.get('update')).toMatchObject({ rule: EACH_SECOND, lastRunAt: expect.any(Number) });
  });

  test('that fail are told, and run again', async () => {
    const { paths, news, start } = setUp({ schedule: { backup: EACH_SECOND } });
    writeFileSync(paths.backups, 'in the way');
    await start();
    await waitFor(() => news.length >= 1, { what: 'a failure' });
    expect(news[0]).toMatchObject({ said: '', error: expect.stringContaining('Cannot make a backup') });
    rmSync(paths.backups);
    await waitFor(() => news.some(({ error }) => error === null), { what: 'a success' });
  });

  test('follow a changed schedule, and end with the last rule', async () => {
    const { news, start, reschedule } = setUp();
    await start();
    reschedule({ cleanup: EACH_SECOND });
    await waitFor(() => news.length >= 1, { what: 'a run' });
    expect(news[0]).toMatchObject({ job: 'cleanup', said: 'nothing to remove' });
    reschedule({});
    reschedule({ backup: EACH_SECOND });
    await waitFor(() => news.filter(({ job }) => job === 'backup').length >= 2, { what: 'the other job' });
    expect(news.filter(({ job }) => job === 'cleanup').length).toBeLessThanOrEqual(2);
  });

  test('that fell due while nobody was there are made up for', async () => {
    const rule = '0 1 1 1 *';
    const record = { rule, lastRunAt: null, dueAt: Date.now() - 86_400_000 };
    const { news, records, start } = setUp({
      schedule: { cleanup: rule },
      jobs: { cleanup: record, backup: 'x' },
    });
    await start();
    await waitFor(() => news.length === 1, { what: 'the missed run' });
    expect(records.get('cleanup')).toMatchObject({ lastRunAt: expect.any(Number) });
  });

  test('end with the daemon, which waits for what is under way', async () => {
    const { context, news, paths, start, cleanUp } = setUp({ schedule: { cleanup: EACH_SECOND } });
    await start();
    writeFileSync(`${paths.serverLogs}/a.log.9`, '');
    const underWay = cleanUp({ dryRun: false });
    await context.teardown.run();
    expect(await underWay).toMatchObject({ removed: [{ path: 'logs/servers/a.log.9' }] });
    const told = news.length;
    expect(told).toBeGreaterThanOrEqual(1);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(news).toHaveLength(told);
  });

  test('leave the versions that an update needs, however old they are', async () => {
    const { paths, cleanUp } = setUp();
    const home = untidyHome(paths);
    const versions = ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '3.0.0'];
    for (const [index, version] of versions.entries()) home.version('a', version, (9 - index) * DAY);
    home.current('a', '1.1.0');
    const { removed } = await cleanUp({ dryRun: false });
    expect(removed.map(({ path }) => path).sort()).toEqual([
      'servers/a/versions/2.0.0',
      'servers/a/versions/3.0.0',
    ]);
  });

  test('can be asked for: a dry run is told to nobody else', async () => {
    const { news, paths, cleanUp } = setUp();
    writeFileSync(`${paths.serverLogs}/a.log.9`, 'x');
    expect(await cleanUp({ dryRun: true })).toMatchObject({ dryRun: true, freed: 1 });
    expect(existsSync(`${paths.serverLogs}/a.log.9`)).toBe(true);
    expect(news).toEqual([]);
    expect(await cleanUp({ dryRun: false })).toMatchObject({ dryRun: false, freed: 1 });
    expect(news).toMatchObject([{ job: 'cleanup', said: 'freed 0 KiB: 1 rotated log', error: null }]);
  });
});

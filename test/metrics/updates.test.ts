// What /metrics says of versions: nothing before the registry was asked, and nothing of what is no package.
import { describe, expect, test } from 'vitest';
import { UPDATE_RESULTS } from '../../src/core/model/vocabulary.ts';
import { createStage } from '../fakes/stage.ts';
import { COMMITTED, memoryOf, outlookOf, progressOf, ROLLED_BACK } from '../fakes/updates.ts';

const PACKAGE = {
  kind: 'package',
  manager: 'npm',
  package: 'files-mcp',
  version: 'latest',
  bin: null,
} as const;
const server = 'files';

function stageOf() {
  const stage = createStage();
  stage.add({ source: PACKAGE });
  return stage;
}

describe('the metrics of versions', () => {
  test('are the counts and flags of a package, and what only a registry knows is not there yet', async () => {
    const stage = stageOf();
    stage.add({ name: 'other' });
    for (const result of UPDATE_RESULTS) {
      expect(await stage.value(`server_updates_total{server="files",result="${result}"}`)).toBe(0);
    }
    expect(await stage.value('server_bad_versions{server="files"}')).toBe(0);
    expect(await stage.value('server_update_probation{server="files"}')).toBe(0);
    const text = await stage.text();
    for (const absent of [
      'update_available{',
      'update_held{',
      'latest_version_info{',
      'previous_version_info{',
    ])
      expect(text).not.toContain(absent);
    expect(text).not.toMatch(/server_(?:updates_total|bad_versions|update_probation)\{[^}]*server="other"/u);
  });

  test('tell a version that may be taken, until it is on its way', async () => {
    const stage = stageOf();
    stage.bus.publish({ kind: 'update-checked', server, outlook: outlookOf({ server, latest: '4.2.0' }) });
    expect(await stage.value('server_update_available{server="files"}')).toBe(1);
    expect(await stage.value('server_update_held{server="files"}')).toBe(0);
    expect(await stage.value('server_latest_version_info{server="files",version="4.2.0"}')).toBe(1);
    stage.bus.publish({ kind: 'update-moved', server, progress: progressOf({ phase: 'probation' }) });
    expect(await stage.value('server_update_available{server="files"}')).toBe(0);
    expect(await stage.value('server_update_probation{server="files"}')).toBe(1);
  });

  test.each([
    ['engine', 1],
    ['publisher', 1],
    ['bad', 1],
    ['minimum_age', 0],
    ['pinned', 0],
  ] as const)('a version held as %s counts as held: %i', async (reason, value) => {
    const stage = stageOf();
    const held = [{ version: '5.0.0', reason, detail: 'x' }];
    stage.bus.publish({
      kind: 'update-checked',
      server,
      outlook: outlookOf({ server, candidate: null, held }),
    });
    expect(await stage.value('server_update_held{server="files"}')).toBe(value);
  });

  test('count each end of an update once, and not what only was read again', async () => {
    const stage = stageOf();
    const settle = (memory: ReturnType<typeof memoryOf>, isNews = true) =>
      stage.bus.publish({ kind: 'update-settled', server, memory, isNews });
    settle(memoryOf({ last: COMMITTED }), false);
    settle(memoryOf({ previous: '4.0.7', last: COMMITTED }));
    settle(
      memoryOf({ previous: '4.0.7', bad: [{ version: '4.1.1', reason: 'x', at: 1 }], last: ROLLED_BACK }),
    );
    expect(await stage.value('server_updates_total{server="files",result="committed"}')).toBe(1);
    expect(await stage.value('server_updates_total{server="files",result="rolled_back"}')).toBe(1);
    expect(await stage.value('server_bad_versions{server="files"}')).toBe(1);
    const ended = (result: string) =>
      stage.value(`server_last_update_timestamp_seconds{server="files",result="${result}"}`);
    expect(await ended('rolled_back')).toBe(ROLLED_BACK.at / 1000);
    expect(await ended('committed')).toBeUndefined();
    expect(await stage.value('server_previous_version_info{server="files",version="4.0.7"}')).toBe(1);
  });

  test('go on counting after a restart of the daemon, and show one latest version at a time', async () => {
    const before = stageOf();
    before.bus.publish({
      kind: 'update-settled',
      server,
      memory: memoryOf({ last: ROLLED_BACK }),
      isNews: true,
    });
    const after = stageOf();
    after.recorder.restore(structuredClone(before.recorder.counters()));
    expect(await after.value('server_updates_total{server="files",result="rolled_back"}')).toBe(1);
    for (const latest of ['4.1.1', '4.2.0'])
      after.bus.publish({ kind: 'update-checked', server, outlook: outlookOf({ server, latest }) });
    const shown = [...(await after.samples()).keys()].filter((series) =>
      series.includes('latest_version_info'),
    );
    expect(shown).toEqual(['mcp_watchdog_server_latest_version_info{server="files",version="4.2.0"}']);
  });

  test('are no longer there when the server is not', async () => {
    const stage = stageOf();
    stage.bus.publish({ kind: 'update-checked', server, outlook: outlookOf({ server }) });
    stage.bus.publish({ kind: 'server-removed', server });
    expect(await stage.text()).not.toContain('server="files"');
  });

  test('hold no text of a registry that is long or not harmless', async () => {
    const stage = stageOf();
    const latest = `1.0.0-${'x'.repeat(300)}\u001B[2J`;
    stage.bus.publish({ kind: 'update-checked', server, outlook: outlookOf({ server, latest }) });
    const line = (await stage.text()).split('\n').find((each) => each.includes('latest_version_info{')) ?? '';
    expect(line).toContain('…');
    expect(line.length).toBeLessThan(150);
  });
});

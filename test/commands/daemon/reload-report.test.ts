import { describe, expect, it } from 'vitest';
import { reloadReport } from '../../../src/commands/daemon/reload-report.ts';
import type { ReloadReport } from '../../../src/core/model/config-diff.ts';
import { NOTHING_NEW } from '../../fakes/control-handlers.ts';
import { NOW } from '../../fakes/status.ts';

const plain = { colour: false, now: NOW };
const show = (change: Partial<ReloadReport>) => reloadReport({ ...NOTHING_NEW, ...change }, plain);
const change = (
  effect: ReloadReport['changed'][number]['effect'],
  restartFields: string[],
  liveFields: string[] = [],
) => ({ name: 'files', effect, restartFields, liveFields }) as const;

describe('reloadReport()', () => {
  it('says when there is nothing to say, and what is odd all the same', () => {
    expect(show({})).toEqual(['Nothing changed: the config was loaded 3 s ago']);
    expect(show({ warnings: ['args holds $X'], inactive: ['gateway.listen'] })).toEqual([
      'Nothing changed: the config was loaded 3 s ago',
      'warning: args holds $X',
      'Not active yet in this release: gateway.listen',
    ]);
  });

  it('has a line for each server', () => {
    const lines = show({
      added: ['new-one'],
      removed: ['old'],
      changed: [change('restart', ['env', 'args'], ['probe.interval'])],
      settings: { live: ['sampling.interval'], nextStart: ['metrics.listen'] },
    });
    expect(lines).toEqual([
      'Loaded /home/ada/.mcp-watchdog/config.yaml',
      '  - old         removed and stopped',
      '  ~ files       env, args: restarted; probe.interval: without a restart',
      '  + new-one     added',
      '  ~ (watchdog)  sampling.interval: changed at once',
      '  ~ (watchdog)  metrics.listen: takes effect at its next start',
    ]);
  });

  it.each([
    [change('live', [], ['limits.memory']), 'limits.memory: changed without a restart'],
    [change('live', ['url']), 'url: changed without a restart'],
    [change('restart', ['env']), 'env: restarted'],
    [
      change('next_start', ['env'], ['logs.keep']),
      'env, logs.keep: it is down, so this takes effect at its next start',
    ],
    [change('start', ['enabled']), 'enabled: started'],
    [change('stop', ['enabled']), 'enabled: stopped'],
  ])('%j', (changed, said) => {
    expect(show({ changed: [changed] })[1]).toBe(`  ~ files  ${said}`);
  });

  it('says of a dry run that nothing has happened', () => {
    const lines = show({
      isApplied: false,
      added: ['b'],
      removed: ['a'],
      renamed: [{ from: 'a', to: 'b' }],
      changed: [change('restart', ['env'])],
    });
    expect(lines).toEqual([
      'mcp-watchdog reload would load /home/ada/.mcp-watchdog/config.yaml:',
      '  - a      is removed and stopped',
      '  ~ files  env: restarts',
      '  + b      is added',
      'b is a under another name: a new server, with fresh counters, log and package',
    ]);
  });

  it('names who has not ended', () => {
    expect(show({ removed: ['a'], ending: ['a'] }).at(-1)).toBe(
      'warning: a is still stopping; mcp-watchdog status a shows more',
    );
  });
});

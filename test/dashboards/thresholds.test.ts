// Where a panel turns red, the alert beside it fires: both say the same number.
import { describe, expect, test } from 'vitest';
import { FLEET_FILE, groupsOf, RULE_FILES } from '../alerting/read-catalogue.ts';
import { DASHBOARDS } from './read-dashboards.ts';

/** Dashboard, panel, alert, and the text in the rule after which its bound stands. `counts`: more than this many. */
const SAME = [
  ['overview', 'Processor cores in use', 'McpServerCpuHigh', ':rate5m > '],
  ['overview', 'Memory against its limit', 'McpServerMemoryHigh', ' > 0) > '],
  ['overview', 'Crash looping', 'McpServerGaveUp', '{state="crash_looping"}) == '],
  ['fleet', 'Machines with a crash loop', 'McpServerGaveUp', '{state="crash_looping"}) == '],
  ['server', 'Processor cores in use', 'McpServerCpuHigh', ':rate5m > '],
  ['server', 'p95 as a share of the timeout', 'McpServerSlow', ':p95_5m\n  > '],
  ['server', 'Probe intervals without a success', 'McpServerUnresponsive', ') > '],
  ['server', 'Unplanned restarts within 15 minutes', 'McpServerCrashLooping', ') > '],
  [
    'server',
    'Open files as a share of the limit per process',
    'McpServerFileDescriptorsHigh',
    'group_left () (',
  ],
  ['fleet', 'Up', 'McpFleetServerDown', ':avg < '],
  ['fleet', 'Share up, the ten lowest servers', 'McpFleetServerDown', ':avg < '],
  ['fleet', 'Deliver their own alerts', 'McpFleetFallbackActive', 'fallback_active) > '],
  ['fleet', 'Share that delivers its own alerts', 'McpFleetFallbackActive', 'fallback_active) > '],
  ['watchdog', 'Last look at its processes', 'McpWatchdogStalled', 'timestamp_seconds > '],
  ['watchdog', 'Age of the last look at its processes', 'McpWatchdogStalled', 'timestamp_seconds > '],
  ['watchdog', 'Open files', 'McpWatchdogFileDescriptorsHigh', 'max_fds > '],
  ['alerts', 'Fast burn: windows of 5 minutes and an hour', 'McpServerErrorBudgetBurn', ':ratio5m > '],
  ['alerts', 'Slow burn: windows of 30 minutes and 6 hours', 'McpServerErrorBudgetBurn', ':ratio30m > '],
  ['alerts', 'Share of bad service within an hour', 'McpServerErrorBudgetBurn', ':ratio5m > 14.4 * '],
] as const;

/** Counts, of which the rule says that none may be: the panel turns at 1. */
const NONE_MAY_BE = [
  ['watchdog', 'Orphans', 'McpOrphanProcesses', 'orphan_processes > '],
  ['watchdog', 'Orphans, and those that were ended', 'McpOrphanProcesses', 'orphan_processes > '],
  [
    'watchdog',
    'Failures to save its state',
    'McpWatchdogStateNotPersisted',
    'persist_failures_total[5m]) > ',
  ],
] as const;

const rules = [...RULE_FILES, FLEET_FILE].flatMap(groupsOf).flatMap(({ rules }) => rules);

/** The first number after the text, as the rule is written. */
function boundIn(alert: string, before: string): number {
  const expr = rules.find((rule) => rule.alert === alert)?.expr ?? '';
  const at = expr.indexOf(before);
  if (at === -1) throw new Error(`${alert} has no "${before}" in it: ${expr}`);
  const [number] = /^[\d.]+/u.exec(expr.slice(at + before.length)) ?? [];
  return Number(number);
}

function panelOf(dashboard: string, title: string): { steps: number[]; links: string[] } {
  const panel = DASHBOARDS.find(({ name }) => name === dashboard)?.panels.find((one) => one.title === title);
  if (panel === undefined) throw new Error(`${dashboard} has no panel "${title}"`);
  return {
    steps: (panel.fieldConfig.defaults.thresholds?.steps ?? []).flatMap(({ value }) => value ?? []),
    links: (panel.links ?? []).map((link) => link.url ?? ''),
  };
}

describe('a panel turns where its alert does:', () => {
  test.each(SAME)('%s, "%s" and %s', (dashboard, title, alert, before) => {
    const { steps, links } = panelOf(dashboard, title);
    expect(steps).toEqual([boundIn(alert, before)]);
    expect(links.some((url) => url.endsWith(`/runbooks/${alert}`))).toBe(true);
  });

  test.each(NONE_MAY_BE)('%s, "%s" and %s', (dashboard, title, alert, before) => {
    expect(boundIn(alert, before)).toBe(0);
    expect(panelOf(dashboard, title).steps).toEqual([1]);
  });

  test('and no other panel has a bound that is not a matter of course', () => {
    const listed = new Set([...SAME, ...NONE_MAY_BE].map(([dashboard, title]) => `${dashboard}: ${title}`));
    const others = DASHBOARDS.flatMap(({ name, panels }) =>
      panels
        .filter(
          ({ type, fieldConfig }) => type !== 'state-timeline' && fieldConfig.defaults.mappings?.length === 0,
        )
        .filter(({ title }) => !listed.has(`${name}: ${title}`))
        .flatMap(({ title }) =>
          panelOf(name, title).steps.map((step) => [step, `${name}: ${title}`] as const),
        ),
    );
    // One thing too many, all of them, nothing left.
    expect(others.filter(([step]) => step !== 0 && step !== 1)).toEqual([]);
  });
});

test('the line of the memory panel that says "alert" is where the alert is', () => {
  const panel = DASHBOARDS.find(({ name }) => name === 'server')?.targets.find(({ legendFormat }) =>
    legendFormat?.endsWith(' alert'),
  );
  expect(panel?.expr.startsWith(`${boundIn('McpServerMemoryHigh', ' > 0) > ')} * `)).toBe(true);
});

// Can the dashboards be found, read and clicked through?
import { describe, expect, test } from 'vitest';
import { RUNBOOKS } from '../alerting/read-catalogue.ts';
import { DASHBOARDS } from './read-dashboards.ts';

const COLUMNS = 24;
const UIDS = ['overview', 'server', 'fleet', 'watchdog', 'alerts'].map((name) => `mcp-watchdog-${name}`);

test('the dashboards have the addresses that are linked to', () => {
  expect(DASHBOARDS.map(({ dashboard }) => dashboard.uid).sort()).toEqual(UIDS.toSorted());
  expect(new Set(DASHBOARDS.map(({ dashboard }) => dashboard.title)).size).toBe(UIDS.length);
});

describe.each(DASHBOARDS)('$name', ({ dashboard, all, panels, targets, annotations, variables }) => {
  test('fills 24 columns without holes, and nothing lies upon another', () => {
    const height = Math.max(...all.map(({ gridPos }) => gridPos.y + gridPos.h));
    const grid = Array.from({ length: height }, () => Array.from({ length: COLUMNS }, () => 0));
    for (const { gridPos } of all)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) grid[y]![x]! += 1;
    expect(grid).toEqual(grid.map((row) => row.map(() => 1)));
  });

  test('begins with a heading, and has one for each group', () => {
    expect(all[0]!.type).toBe('row');
    const pairs = all.slice(1).map((panel, index) => [all[index]!.type, panel.type]);
    expect(pairs.filter(([one, next]) => one === 'row' && next === 'row')).toEqual([]);
    expect(all.at(-1)!.type).not.toBe('row');
  });

  test('has an id for each panel, and a letter for each of its queries', () => {
    const ids = all.map(({ id }) => id);
    expect(ids.filter((id) => !Number.isSafeInteger(id) || id < 1)).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, targets = [] } of panels) {
      const letters = targets.map((target) => target.refId);
      expect(letters, title).toEqual(letters.map((_, index) => 'ABCDEFGH'[index]));
    }
  });

  test('names each panel once', () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('says of each panel what it shows, what to do, and why it may be empty', () => {
    const silent = panels.filter(({ description, fieldConfig }) => {
      const [shows = '', act = ''] = description.split('\n\n');
      return !/[.)]$/u.test(shows) || !/[.)]$/u.test(act) || (fieldConfig.defaults.noValue ?? '').length < 4;
    });
    expect(silent.map(({ title }) => title)).toEqual([]);
  });

  test('tells rows of many machines apart, and bounds how many there are', () => {
    // What groups by machine, or does not group at all, is a line for each machine.
    const unbounded = targets
      .filter(({ panel }) => panel.type !== 'stat')
      .filter(({ legendFormat = '' }) => legendFormat.includes('{{instance}}'))
      .filter(({ expr }) => !/topk\(|bottomk\(/u.test(expr));
    // One server is chosen there; the table of versions has pages to scroll.
    expect(unbounded.map(({ where }) => where).filter((where) => !where.startsWith('server:'))).toEqual([]);
  });

  test('links to the dashboards that there are and to runbooks that there are', () => {
    const addresses = [...JSON.stringify(dashboard).matchAll(/"url":"((?:[^"\\]|\\.)*)"/gu)].map(
      ([, url = '']) => url,
    );
    expect(addresses.length).toBeGreaterThan(0);
    for (const url of addresses) {
      const [, uid] = /^\/d\/([\w-]+)\?/u.exec(url) ?? [];
      const [, runbook] = /^http:\/\/127\.0\.0\.1:9638\/runbooks\/(.+)$/u.exec(url) ?? [];
      if (uid === undefined) expect([...RUNBOOKS, '${__data.fields.alertname}']).toContain(runbook);
      else {
        expect(UIDS).toContain(uid);
        expect(url).toContain('${__url_time_range}');
        expect(url).toContain('${datasource:queryparam}');
      }
    }
  });

  test('has timelines over the full width, and rows that hide only what is below them', () => {
    const narrow = panels.filter(({ type, gridPos }) => type === 'state-timeline' && gridPos.w !== COLUMNS);
    expect(narrow.map(({ title }) => title)).toEqual([]);
    const rows = all.filter(({ type }) => type === 'row');
    for (const { title, collapsed, panels: below = [] } of rows)
      expect(below.length > 0, title).toBe(collapsed === true);
    // What is looked at first is open.
    expect(rows[0]?.collapsed).toBe(false);
  });

  test('has the last and the largest value beside each line, and no colour that says the contrary', () => {
    for (const { type, title, options, fieldConfig } of panels) {
      if (type !== 'timeseries') continue;
      const isBars = JSON.stringify(fieldConfig.defaults.custom).includes('"bars"');
      expect(options, title).toMatchObject({ legend: { calcs: isBars ? [] : ['lastNotNull', 'max'] } });
      expect(fieldConfig.defaults, title).toMatchObject({ color: { mode: 'palette-classic-by-name' } });
    }
    const colours = panels.flatMap(({ fieldConfig }) =>
      fieldConfig.overrides.flatMap(({ matcher, properties }) =>
        properties.flatMap(({ id, value }) =>
          id === 'color' ? [`${matcher?.options} ${JSON.stringify(value)}`] : [],
        ),
      ),
    );
    expect(colours.filter((one) => /exit|signal|fail|timeout/u.test(one) && /green|blue/u.test(one))).toEqual(
      [],
    );
    expect(
      colours.filter((one) => /requested|update|config|committed/u.test(one) && /red|orange/u.test(one)),
    ).toEqual([]);
  });

  test('leads to the others with the same time and variables', () => {
    expect(dashboard.links).toEqual([
      expect.objectContaining({
        type: 'dashboards',
        tags: ['mcp-watchdog'],
        includeVars: true,
        keepTime: true,
      }),
    ]);
    expect(dashboard.tags).toContain('mcp-watchdog');
  });

  test('hides nothing in a menu', () => {
    const hidden = [...dashboard.links, ...annotations, ...panels.flatMap(({ links = [] }) => links)];
    expect(hidden.filter(({ placement }) => placement !== undefined)).toEqual([]);
  });

  test('marks what happened, each with a title from labels', () => {
    expect(annotations.length).toBeGreaterThan(0);
    expect(annotations.filter(({ titleFormat }) => titleFormat === undefined)).toEqual([]);
    // The others are switched on when they are asked for.
    const shown = annotations.filter(({ enable }) => enable).map(({ name }) => name);
    expect(['Starts'].filter((name) => annotations.some((one) => one.name === name))).toEqual(shown);
    const atValue = annotations.filter(({ useValueForTime }) => useValueForTime === true);
    expect(atValue.filter(({ expr }) => !expr.endsWith('* 1000'))).toEqual([]);
  });

  test('lets only what it uses be chosen', () => {
    const asked = JSON.stringify([targets.map(({ expr }) => expr), variables.map(({ query }) => query)]);
    for (const { name, type } of variables) if (type === 'query') expect(asked, name).toContain(`$${name}`);
    const used = new Set([...asked.matchAll(/\$([a-z]\w*)/gu)].map(([, name]) => name));
    expect([...used].filter((name) => !variables.some((variable) => variable.name === name))).toEqual([]);
  });
});

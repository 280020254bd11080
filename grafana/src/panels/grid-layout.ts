// Grid layout of panels: rows of 24 columns without a hole, under headings.
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { PlacedPanel } from './panel.ts';
import type { Rules } from '../queries/rule-thresholds.ts';

const COLUMNS = 24;

export interface Section {
  readonly key: string;
  readonly title: string;
  /** Shown as its heading alone until somebody opens it, and asks nothing until then. */
  readonly isCollapsed?: boolean;
  readonly lines: readonly Line[];
}

interface Line {
  /** In grid units; 8 for a graph, 4 for a number. */
  readonly height: number;
  readonly cards: readonly PlacedPanel[];
}

/** Places all panels. @throws Error for a row that does not fill its 24 columns, and for keys with the same id */
export function arrange(sections: readonly Section[], rules: Rules): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const section of sections) {
    const below: Panel[] = [];
    let end = y + 1;
    for (const line of section.lines) {
      below.push(...placed(line, end, rules));
      end += line.height;
    }
    const isCollapsed = section.isCollapsed === true;
    panels.push(heading(section, y, isCollapsed ? below : []));
    if (!isCollapsed) panels.push(...below);
    // Grafana moves what follows when a row is opened.
    y = isCollapsed ? y + 1 : end;
  }
  refuseTwins(panels);
  return panels;
}

/** Id of a panel, from 1000 up; depends on its key only (FNV-1a). */
function idOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return 1000 + (hash % 1_000_000);
}

function heading({ key, title, isCollapsed }: Section, y: number, panels: readonly Panel[]): RowPanel {
  return {
    type: 'row',
    id: idOf(`section ${key}`),
    title,
    collapsed: isCollapsed === true,
    gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    panels: [...panels],
  };
}

function placed({ height, cards }: Line, y: number, rules: Rules): Panel[] {
  const taken = cards.reduce((sum, { width }) => sum + width, 0);
  if (taken !== COLUMNS)
    throw new Error(`The line with ${cards[0]?.key ?? 'nothing'} takes ${taken} of ${COLUMNS} columns`);
  let x = 0;
  return cards.map(({ key, width, alerts, panel }) => {
    const at = { x, y, w: width, h: height };
    x += width;
    return { ...panel, id: idOf(key), gridPos: at, links: alerts.map((alert) => runbookOf(alert, rules)) };
  });
}

function runbookOf(alert: string, rules: Rules): ReturnType<DashboardLinkBuilder['build']> {
  return new DashboardLinkBuilder(`Runbook of ${alert}`)
    .type(DashboardLinkType.Link)
    .url(rules.runbook(alert))
    .targetBlank(true)
    .build();
}

function refuseTwins(panels: readonly (Panel | RowPanel)[]): void {
  const ids = panels.flatMap((panel) => [
    panel.id,
    ...('panels' in panel ? panel.panels.map(({ id }) => id) : []),
  ]);
  if (new Set(ids).size < ids.length)
    throw new Error('Two keys of panels come to the same id: rename the newer');
}

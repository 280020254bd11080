// Columns of tables: order and look.
import { TableCellDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue, Threshold, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { linkToServer } from './panel.ts';

export interface Column {
  /** A label, or `Value #A` for the result of the first of several queries; `Value` when there is only one. */
  readonly field: string;
  readonly name: string;
  /** Only when it differs from the unit of the table. */
  readonly unit?: string;
  readonly decimals?: number;
  readonly steps?: readonly Threshold[];
  readonly mappings?: readonly ValueMapping[];
  /** `server` links to its dashboard; anything else is an address. */
  readonly leadsTo?: string;
  readonly width?: number;
  /** Initial sort of the table, largest first. */
  readonly sorted?: 'largest' | 'smallest';
}

/** Merges rows of all queries that have the same labels. */
export function asColumns(builder: PanelBuilder, columns: readonly Column[]): PanelBuilder {
  for (const column of columns) {
    const properties = propertiesOf(column);
    if (properties.length > 0) builder.overrideByName(column.name, properties);
  }
  const sorted = columns.find((column) => column.sorted !== undefined);
  if (sorted !== undefined)
    builder.sortBy([{ build: () => ({ displayName: sorted.name, desc: sorted.sorted === 'largest' }) }]);
  return builder
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: columns.map(({ field }) => field) } },
    })
    .withTransformation({
      id: 'organize',
      options: {
        indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map(({ field, name }) => [field, name])),
      },
    });
}

function propertiesOf({ unit, decimals, steps, mappings, leadsTo, width }: Column): DynamicConfigValue[] {
  const properties: DynamicConfigValue[] = [];
  const set = (id: string, value: unknown): void => {
    if (value !== undefined) properties.push({ id, value });
  };
  set('unit', unit);
  set('decimals', decimals);
  set('mappings', mappings);
  set('custom.width', width);
  set('links', leadsTo === undefined ? undefined : [linkTo(leadsTo)]);
  if (steps !== undefined) set('thresholds', { mode: 'absolute', steps });
  if (steps !== undefined || mappings !== undefined)
    set('custom.cellOptions', { type: TableCellDisplayMode.ColorText });
  return properties;
}

function linkTo(address: string): object {
  return address === 'server'
    ? linkToServer('__data.fields').build()
    : { title: 'Open the runbook', url: address, targetBlank: true };
}

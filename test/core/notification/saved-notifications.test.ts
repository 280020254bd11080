// The state file: field names of an earlier release are still written and read.
import { expect, it } from 'vitest';
import type { AlertRecord } from '../../../src/core/notification/notification-state.ts';
import { EMPTY_NOTIFICATION_STATE } from '../../../src/core/notification/notification-state.ts';
import {
  firingAlerts,
  restoreNotifications,
  saveNotifications,
} from '../../../src/core/notification/saved-notifications.ts';
import { alertKey } from '../../../src/core/model/notification.ts';

const alert = {
  name: 'McpServerDown',
  about: 'files',
  severity: 'critical',
  state: 'firing',
  summary: 'down',
} as const;
const RECORD: AlertRecord = {
  alert,
  isOwn: true,
  since: 5,
  notified: { state: 'firing', severity: 'warning', at: 7, by: 'relay' },
  forwarded: 'firing',
  unreported: 2,
  inhibitedSince: 9,
};

it('keeps the address of a runbook, and drops what is none', () => {
  const keep = (runbook: string) => {
    const records = new Map([[alertKey(alert), { ...RECORD, alert: { ...alert, runbook } }]]);
    const saved: unknown = JSON.parse(
      JSON.stringify(saveNotifications({ ...EMPTY_NOTIFICATION_STATE, records })),
    );
    return firingAlerts(restoreNotifications(saved)).map((one) => one.runbook);
  };
  expect(keep('https://wiki.example.com/McpServerDown')).toEqual(['https://wiki.example.com/McpServerDown']);
  expect(keep('javascript:alert(1)')).toEqual([undefined]);
});

it('writes and reads the names that the state file has always had', () => {
  const state = { ...EMPTY_NOTIFICATION_STATE, records: new Map([[alertKey(alert), RECORD]]) };
  const saved: unknown = JSON.parse(JSON.stringify(saveNotifications(state)));
  expect(saved).toMatchObject({
    records: [
      {
        alert,
        isOwn: true,
        since: 5,
        told: { at: 7, by: 'relay' },
        relayed: 'firing',
        untold: 2,
        coveredAt: 9,
      },
    ],
  });
  expect([...restoreNotifications(saved).records.values()]).toEqual([RECORD]);
});

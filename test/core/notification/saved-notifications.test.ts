// The state file: field names of an earlier release are still written and read.
import { expect, it } from 'vitest';
import type { AlertRecord } from '../../../src/core/notification/notification-state.ts';
import { EMPTY_NOTIFICATION_STATE } from '../../../src/core/notification/notification-state.ts';
import {
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

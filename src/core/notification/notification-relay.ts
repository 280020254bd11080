// What is told because Alertmanager asks for it, whoever delivers.
import type { AlertChange } from '../model/notification.ts';
import { alertKey } from '../model/notification.ts';
import { MIN_INTERVAL } from './notification-due.ts';
import type { AlertRecord, NotificationRules, NotificationState } from './notification-state.ts';
import {
  isMoreSevereThanNotified,
  isOneTimeAlert,
  newAlertRecord,
  withRecord,
} from './notification-state.ts';

/** It is told unless that was done not long ago. */
export function forwardAlert(
  state: NotificationState,
  alert: AlertChange,
  { repeatEvery }: NotificationRules,
): NotificationState {
  const known = state.records.get(alertKey(alert)) ?? newAlertRecord(alert, state.at);
  const record: AlertRecord = {
    ...known,
    alert,
    since: known.alert.state === 'firing' ? known.since : state.at,
  };
  const { notified: told } = record;
  const isStale = told === null || state.at - told.at >= Math.max(MIN_INTERVAL, repeatEvery);
  const isWanted =
    alert.state === 'resolved'
      ? told?.state === 'firing' && !isOneTimeAlert(alert)
      : isStale || told.state !== 'firing' || isMoreSevereThanNotified(record);
  const relayed = isWanted ? alert.state : null;
  return { ...state, records: withRecord(state, { ...record, forwarded: relayed }) };
}

// What is told because Alertmanager asks for it, whoever delivers.
import type { AlertNews } from '../model/notification.ts';
import { keyOf } from '../model/notification.ts';
import { QUIET } from './notification-due.ts';
import type { AlertRecord, PolicyRules, PolicyState } from './notification-state.ts';
import { isGraverThanTold, isMoment, unheardOf, withRecord } from './notification-state.ts';

/** It is told unless that was done not long ago. */
export function relay(state: PolicyState, alert: AlertNews, { repeatEvery }: PolicyRules): PolicyState {
  const known = state.records.get(keyOf(alert)) ?? unheardOf(alert, state.at);
  const record: AlertRecord = {
    ...known,
    alert,
    since: known.alert.state === 'firing' ? known.since : state.at,
  };
  const { told } = record;
  const isStale = told === null || state.at - told.at >= Math.max(QUIET, repeatEvery);
  const isWanted =
    alert.state === 'resolved'
      ? told?.state === 'firing' && !isMoment(alert)
      : isStale || told.state !== 'firing' || isGraverThanTold(record);
  const relayed = isWanted ? alert.state : null;
  return { ...state, records: withRecord(state, { ...record, relayed }) };
}

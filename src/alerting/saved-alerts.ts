// Alerts in the state file: saved, validated when read, and shifted when the clock was set.
import { isObject } from '../core/base/guards.ts';
import type { Alert } from '../promql/rules/alert-state.ts';
import type { AlertsByRule } from './evaluator.ts';

/** Plain JSON, for the state file. */
export interface SavedAlerts {
  /** Time of the evaluation, ms since the epoch. */
  readonly at: number;
  /** Only rules that have alerts. */
  readonly rules: readonly { readonly key: string; readonly alerts: readonly Alert[] }[];
}

export function saveAlerts(alerts: AlertsByRule, at: number): SavedAlerts {
  return {
    at,
    rules: [...alerts].flatMap(([key, own]) => (own.length === 0 ? [] : [{ key, alerts: own }])),
  };
}

/** Returns a text that changes when the state must be saved at once; values and annotations change all the time. */
export function signatureOf(alerts: AlertsByRule): string {
  return JSON.stringify(
    [...alerts].map(([, own]) =>
      own.map(({ labels, state, activeAt, firedAt, keptSince, resolvedAt }) => [
        labels,
        state,
        activeAt,
        firedAt,
        keptSince,
        resolvedAt,
      ]),
    ),
  );
}

/**
 * Restores saved alerts. Time without evaluation does not count as held: a pending alert continues where it stood.
 *
 * @param saved JSON of any age and shape; what is not valid is left out
 * @param now ms since the epoch
 */
export function restoreAlerts(saved: unknown, now: number): AlertsByRule {
  if (!isObject(saved) || !isTime(saved['at']) || !Array.isArray(saved['rules'])) return new Map();
  const missed = Math.max(0, now - saved['at']);
  const rules: unknown[] = saved['rules'];
  return new Map(
    rules.flatMap((rule) =>
      isObject(rule) && typeof rule['key'] === 'string' && Array.isArray(rule['alerts'])
        ? [[rule['key'], rule['alerts'].flatMap((one) => readAlert(one, missed))] as const]
        : [],
    ),
  );
}

/** Returns the alerts with all times moved by `by` ms, after a step of the wall clock. */
export function shifted(alerts: AlertsByRule, by: number): AlertsByRule {
  const move = (time: number | null): number | null => (time === null ? null : time + by);
  return mapped(alerts, (alert) => ({
    ...alert,
    activeAt: alert.activeAt + by,
    firedAt: move(alert.firedAt),
    resolvedAt: move(alert.resolvedAt),
    keptSince: move(alert.keptSince),
  }));
}

export function withoutPending(alerts: AlertsByRule): AlertsByRule {
  return new Map([...alerts].map(([key, own]) => [key, own.filter(({ state }) => state !== 'pending')]));
}

function mapped(alerts: AlertsByRule, change: (alert: Alert) => Alert): AlertsByRule {
  return new Map([...alerts].map(([key, own]) => [key, own.map(change)]));
}

function readAlert(saved: unknown, missed: number): Alert[] {
  if (!isObject(saved)) return [];
  const { labels, annotations, value, activeAt, firedAt, resolvedAt, keptSince } = saved;
  const state = (['pending', 'firing', 'inactive'] as const).find((one) => one === saved['state']);
  const areTimes = [firedAt, resolvedAt, keptSince].every((time) => time === null || isTime(time));
  if (state === undefined || !isTexts(labels) || !isTexts(annotations) || !isTime(activeAt) || !areTimes)
    return [];
  return [
    {
      labels,
      annotations,
      state,
      // JSON has no NaN and no infinity.
      value: typeof value === 'number' ? value : Number.NaN,
      activeAt: state === 'pending' ? activeAt + missed : activeAt,
      firedAt: timeOrNull(firedAt),
      resolvedAt: timeOrNull(resolvedAt),
      keptSince: timeOrNull(keptSince),
    },
  ];
}

function timeOrNull(time: unknown): number | null {
  return isTime(time) ? time : null;
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

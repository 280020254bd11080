// The policy at work: its state, its alarm clock, and its record on disk.
import type { Notification } from '../../core/model/notification.ts';
import type { NotifySuppression } from '../../core/model/vocabulary.ts';
import { restoreNotifications, saveNotifications } from '../../core/notification/saved-notifications.ts';
import {
  decideNotifications,
  nextDecisionAt,
  type NotificationInput,
} from '../../core/notification/notification-policy.ts';
import type { NotificationRules, NotificationState } from '../../core/notification/notification-state.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { StateStore } from '../home/state-store.ts';

export interface NotificationController {
  take(input: NotificationInput): void;
  setRules(rules: Omit<NotificationRules, 'isSilenced'>): void;
  silence(isSilenced: NonNullable<NotificationRules['isSilenced']>): void;
  close(): void;
}

export interface NotificationControllerOptions {
  readonly clock: Clock;
  readonly stateStore: Pick<StateStore, 'alerts' | 'setAlerts'>;
  readonly rules: NotificationRules;
  readonly onTell: (notification: Notification) => void;
  readonly onSpared: (spared: { readonly reason: NotifySuppression; readonly count: number }) => void;
}

/** News come in flocks: they are written down as one, unless somebody is told. */
const SAVE_WITHIN = 1000;

export function openNotificationController({
  clock,
  stateStore,
  onTell,
  onSpared,
  ...options
}: NotificationControllerOptions): NotificationController {
  let { rules } = options;
  let state = restoreNotifications(stateStore.alerts());
  let cancelAlarm = (): void => {};
  const record = createRecord({ clock, stateStore, state: () => state });

  function take(input: NotificationInput): void {
    const before = state;
    const outcome = decideNotifications(before, input, rules);
    state = outcome.state;
    // Written down before it is sent: should we die now, nobody is told twice.
    if (outcome.notifications.length > 0) record.save();
    else if (state.records !== before.records) record.saveSoon();
    for (const notification of outcome.notifications) onTell(notification);
    for (const spared of outcome.suppressed) onSpared(spared);
    arm();
  }

  function arm(): void {
    cancelAlarm();
    const next = nextDecisionAt(state, rules);
    if (next === null) return;
    const delay = Math.max(0, next - clock.now());
    cancelAlarm = clock.after(delay, () => take({ kind: 'tick', at: clock.now() }));
  }

  return {
    take,
    setRules(next) {
      rules = { ...rules, ...next };
      arm();
    },
    silence(isSilenced) {
      rules = { ...rules, isSilenced };
      arm();
    },
    close() {
      cancelAlarm();
      record.save();
    },
  };
}

function createRecord({
  clock,
  stateStore,
  state,
}: Pick<NotificationControllerOptions, 'clock' | 'stateStore'> & {
  readonly state: () => NotificationState;
}) {
  let cancel: (() => void) | null = null;

  function save(): void {
    cancel?.();
    cancel = null;
    stateStore.setAlerts(saveNotifications(state()));
  }

  return { save, saveSoon: () => void (cancel ??= clock.after(SAVE_WITHIN, save)) };
}

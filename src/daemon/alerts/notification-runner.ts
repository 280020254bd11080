// Runner of the notification policy: holds its state, its timer and its record on disk.
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

export interface NotificationRunner {
  /** Feeds an input to the policy and sends what it decides. */
  take(input: NotificationInput): void;
  /** Replaces the rules that a reload can change. */
  setRules(rules: Omit<NotificationRules, 'isSilenced'>): void;
  close(): void;
}

export interface NotificationRunnerOptions {
  readonly clock: Clock;
  readonly stateStore: Pick<StateStore, 'alerts' | 'setAlerts'>;
  readonly rules: NotificationRules;
  readonly onSend: (notification: Notification) => void;
  readonly onSuppressed: (suppressed: { readonly reason: NotifySuppression; readonly count: number }) => void;
}

/** ms; changes come in bursts and are saved together, unless a notification is sent. */
const SAVE_WITHIN = 1000;

export function startNotificationRunner({
  clock,
  stateStore,
  onSend,
  onSuppressed,
  ...options
}: NotificationRunnerOptions): NotificationRunner {
  let { rules } = options;
  let state = restoreNotifications(stateStore.alerts());
  let cancelTimer = (): void => {};
  const record = createRecord({ clock, stateStore, state: () => state });

  function take(input: NotificationInput): void {
    const before = state;
    const outcome = decideNotifications(before, input, rules);
    state = outcome.state;
    // Saved before it is sent: a crash in between must not notify anybody twice.
    if (outcome.notifications.length > 0) record.save();
    else if (state.records !== before.records) record.saveSoon();
    for (const notification of outcome.notifications) onSend(notification);
    for (const suppressed of outcome.suppressed) onSuppressed(suppressed);
    arm();
  }

  function arm(): void {
    cancelTimer();
    const next = nextDecisionAt(state, rules);
    if (next === null) return;
    const delay = Math.max(0, next - clock.now());
    cancelTimer = clock.after(delay, () => take({ kind: 'tick', at: clock.now() }));
  }

  return {
    take,
    setRules(next) {
      rules = { ...rules, ...next };
      arm();
    },
    close() {
      cancelTimer();
      record.save();
    },
  };
}

function createRecord({
  clock,
  stateStore,
  state,
}: Pick<NotificationRunnerOptions, 'clock' | 'stateStore'> & {
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

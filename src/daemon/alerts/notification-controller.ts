// The policy at work: its state, its alarm clock, and its record on disk.
import type { Notification, NotifySuppression } from '../../core/model/notification.ts';
import { restoreAlerts, saveAlerts } from '../../core/notification/saved-notifications.ts';
import { decideNotifications, nextDecisionAt, type PolicyInput } from '../../core/notification/notification-policy.ts';
import type { PolicyRules, PolicyState } from '../../core/notification/notification-state.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { StateKeeper } from '../home/state-store.ts';

export interface AlertDesk {
  take(input: PolicyInput): void;
  setRules(rules: Omit<PolicyRules, 'isSilenced'>): void;
  silence(isSilenced: NonNullable<PolicyRules['isSilenced']>): void;
  close(): void;
}

export interface AlertDeskOptions {
  readonly clock: Clock;
  readonly keeper: Pick<StateKeeper, 'alerts' | 'setAlerts'>;
  readonly rules: PolicyRules;
  readonly onTell: (notification: Notification) => void;
  readonly onSpared: (spared: { readonly reason: NotifySuppression; readonly count: number }) => void;
}

/** News come in flocks: they are written down as one, unless somebody is told. */
const SAVE_WITHIN = 1000;

export function openAlertDesk({ clock, keeper, onTell, onSpared, ...options }: AlertDeskOptions): AlertDesk {
  let { rules } = options;
  let state = restoreAlerts(keeper.alerts());
  let cancelAlarm = (): void => {};
  const record = createRecord({ clock, keeper, state: () => state });

  function take(input: PolicyInput): void {
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
  keeper,
  state,
}: Pick<AlertDeskOptions, 'clock' | 'keeper'> & { readonly state: () => PolicyState }) {
  let cancel: (() => void) | null = null;

  function save(): void {
    cancel?.();
    cancel = null;
    keeper.setAlerts(saveAlerts(state()));
  }

  return { save, saveSoon: () => void (cancel ??= clock.after(SAVE_WITHIN, save)) };
}

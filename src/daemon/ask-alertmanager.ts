// How Alertmanager is asked again and again whether it is there, and given what it is to tell.
import type { PostedAlert } from '../core/alertmanager-post.ts';
import type { Silence } from '../core/silences.ts';
import { type Alertmanager, openAlertmanager } from '../notify/alertmanager.ts';
import type { Clock } from '../system/clock.ts';

export interface Asking {
  /** Another one, or none, or at another pace (ms). */
  follow(settings: AskingSettings): void;
  /** Does not wait for the next round: there is something to post. */
  hurry(): void;
  close(): void;
}

interface AskingSettings {
  readonly url: string | null;
  readonly every: number;
}

export interface AskingOptions {
  readonly clock: Clock;
  /** What it is to tell now; null when that is not for us to say. */
  readonly toPost: () => readonly PostedAlert[] | null;
  readonly onPosted: () => void;
  readonly onAnswer: (isReady: boolean) => void;
  readonly onSilences: (silences: readonly Silence[]) => void;
  readonly onFault: (error: unknown) => void;
}

/** Whoever has just been found is asked once more soon, ms. */
const SOON = 1000;

export function askAlertmanager({ clock, ...options }: AskingOptions): Asking {
  let alertmanager: Alertmanager | null = null;
  let settings: AskingSettings = { url: null, every: 0 };
  let cancel = (): void => {};
  let isBusy = false;
  let isHurried = false;
  let answers = 0;

  async function round(): Promise<void> {
    const one = alertmanager;
    if (one === null) return;
    if (isBusy) {
      isHurried = true;
      return;
    }
    isBusy = true;
    try {
      await ask(one);
    } catch (error) {
      options.onFault(error);
    }
    isBusy = false;
    plan();
  }

  async function ask(one: Alertmanager): Promise<void> {
    const isStill = (): boolean => one === alertmanager;
    let isReady = await one.isReady();
    if (!isStill()) return;
    const alerts = isReady ? options.toPost() : null;
    if (alerts !== null && alerts.length > 0) {
      isReady = await one.post(alerts);
      if (!isStill()) return;
      if (isReady) options.onPosted();
    }
    answers = isReady ? answers + 1 : 0;
    options.onAnswer(isReady);
    const silences = isReady ? await one.silences() : null;
    if (silences !== null && isStill()) options.onSilences(silences);
  }

  function plan(): void {
    cancel();
    if (alertmanager === null) return;
    const isNew = answers === 1 || isHurried;
    isHurried = false;
    cancel = clock.after(isNew ? Math.min(SOON, settings.every) : settings.every, () => void round());
  }

  function close(): void {
    cancel();
    alertmanager?.close();
    alertmanager = null;
  }

  return {
    follow(next) {
      const isOther = next.url !== settings.url;
      settings = next;
      if (!isOther) return plan();
      close();
      answers = 0;
      if (next.url === null) return;
      alertmanager = openAlertmanager({ url: next.url, clock });
      void round();
    },
    hurry() {
      cancel();
      void round();
    },
    close,
  };
}

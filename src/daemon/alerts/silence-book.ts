// Silences made on the page: kept in the state file for our own channels, and made in Alertmanager too where there is one.
import { randomUUID } from 'node:crypto';
import { WatchdogError } from '../../core/base/errors.ts';
import { isObject } from '../../core/base/guards.ts';
import { readSilences, type Silence } from '../../core/delivery/silences.ts';
import type { DeliveryOwner } from '../../core/model/vocabulary.ts';
import type { AlertmanagerClient } from '../../notify/alertmanager-client.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { ShownSilence, SilenceBook, SilenceRequest } from '../../web/session/silences-api.ts';
import type { StateStore } from '../home/state-store.ts';

export interface OwnSilences extends SilenceBook {
  /** Those that have not ended. */
  active(): readonly Silence[];
  /** Uses this Alertmanager from here on. */
  follow(target: AlertmanagerTarget): void;
}

/** Alertmanager as the controller knows it. */
export interface AlertmanagerTarget {
  /** Null where none is configured. */
  readonly client: () => Pick<AlertmanagerClient, 'silence' | 'endSilence'> | null;
  /** Its silences as they were read last. */
  readonly silences: () => readonly Silence[];
  readonly owner: () => DeliveryOwner;
}

export interface SilenceBookParts {
  readonly stateStore: Pick<StateStore, 'silences' | 'setSilences'>;
  readonly bus: Pick<Bus, 'publish'>;
  /** The time of day. */
  readonly clock: Pick<Clock, 'now'>;
}

interface Kept {
  readonly silence: Silence;
  readonly comment: string;
  readonly by: string;
  /** Its id in Alertmanager; null where it is not there. */
  readonly remote: string | null;
}

const HOUR = 60 * 60_000;
const MAX_SILENCES = 200;
const COMMENT = 'made on the page of mcp-watchdog';

export function openSilenceBook({ stateStore, bus, clock }: SilenceBookParts): OwnSilences {
  let kept: readonly Kept[] = readKept(stateStore.silences());
  let target: AlertmanagerTarget = { client: () => null, silences: () => [], owner: () => 'us' };

  function active(): readonly Kept[] {
    const now = clock.now();
    return kept.filter(({ silence }) => now < silence.endsAt);
  }

  function keep(next: readonly Kept[]): void {
    kept = next;
    stateStore.setSilences(next);
  }

  /** Makes it in Alertmanager; null where there is none, or it is away and does not deliver. */
  async function makeThere(silence: Silence, by: string): Promise<string | null> {
    const client = target.client();
    if (client === null) return null;
    const made = await client.silence(silence, { comment: COMMENT, by: `mcp-watchdog (${by})` });
    if ('id' in made) return made.id;
    if (target.owner() === 'us') return null;
    throw new WatchdogError('CONTROL_FAILED', `Alertmanager did not take the silence: ${made.trouble}`, {
      hint: 'It sends the notifications now: a silence has to be made there',
    });
  }

  return {
    active: () => active().map(({ silence }) => silence),
    follow(next) {
      target = next;
    },
    list() {
      const own = active();
      const copies = new Set(own.map(({ remote }) => remote));
      const theirs = target.silences().filter(({ id, endsAt }) => !copies.has(id) && clock.now() < endsAt);
      return [
        ...own.map(shown),
        ...theirs.map((silence) => shown({ silence, comment: '', by: 'Alertmanager', remote: silence.id })),
      ];
    },
    async add({ server, alert, hours, by }) {
      if (active().length >= MAX_SILENCES)
        throw new WatchdogError('CONTROL_FAILED', `There are ${MAX_SILENCES} silences already`);
      const startsAt = clock.now();
      const matchers = matchersOf({ server, alert });
      const silence = { id: randomUUID(), startsAt, endsAt: startsAt + hours * HOUR, matchers };
      const one = { silence, comment: COMMENT, by, remote: await makeThere(silence, by) };
      keep([...active(), one]);
      const detail = `${alert ?? 'all alerts'} for ${hours} h`;
      bus.publish({ kind: 'acted', about: server, action: 'silence', by, detail });
      return shown(one);
    },
    async remove(id, { by }) {
      const own = active().find(({ silence }) => silence.id === id);
      const remote = own === undefined ? target.silences().find((one) => one.id === id)?.id : own.remote;
      if (own === undefined && remote === undefined) return false;
      const trouble = remote == null ? null : ((await target.client()?.endSilence(remote)) ?? null);
      if (trouble !== null && target.owner() !== 'us')
        throw new WatchdogError('CONTROL_FAILED', `Alertmanager did not end the silence: ${trouble}`);
      keep(active().filter((one) => one !== own));
      const server = own?.silence.matchers.find(({ name }) => name === 'server')?.value ?? null;
      bus.publish({ kind: 'acted', about: server, action: 'unsilence', by, detail: null });
      return true;
    },
  };
}

function matchersOf({ server, alert }: Pick<SilenceRequest, 'server' | 'alert'>): Silence['matchers'] {
  const equal = (name: string, value: string | null) =>
    value === null ? [] : [{ name, value, isRegex: false, isEqual: true }];
  return [...equal('alertname', alert), ...equal('server', server)];
}

function shown({ silence, comment, by }: Kept): ShownSilence {
  const matchers = silence.matchers.map(({ name, value, isRegex, isEqual }) => {
    const sign = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
    return `${name}${sign}${JSON.stringify(value)}`;
  });
  return { id: silence.id, matchers: matchers.join(', '), comment, by, until: silence.endsAt };
}

/** @param saved JSON of any age and shape; implausible silences are left out */
function readKept(saved: unknown): Kept[] {
  return (Array.isArray(saved) ? saved : []).flatMap((one: unknown): Kept[] => {
    if (!isObject(one)) return [];
    const [silence] = readSilences([one['silence']]);
    if (silence === undefined) return [];
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const remote = typeof one['remote'] === 'string' ? one['remote'] : null;
    return [{ silence, comment: text(one['comment']), by: text(one['by']), remote }];
  });
}

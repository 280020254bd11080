// One server's update carried out: it holds the state, one alarm and what is being done, and decides nothing.
import type { WatchdogEvent } from '../core/model/events.ts';
import { createSerialQueue } from '../core/base/serial-queue.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { progressOf } from '../core/update/update-memory.ts';
import { decideUpdate } from '../core/update/update-machine.ts';
import { type SavedProgress, toSave } from '../core/update/update-record.ts';
import {
  updateDeadline,
  IDLE_UPDATE,
  type UpdateAction,
  type UpdateEvent,
  type UpdateInput,
  type UpdateOutcome,
  type UpdateRules,
  type UpdateState,
} from '../core/update/update-state.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { type Effect, performEffect } from './effects.ts';
import { mapServerEvent } from './event-mapping.ts';
import type { UpdatePorts } from './ports.ts';

export interface UpdateRunnerParts {
  readonly parts: UpdatePorts;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  /** As the config has it now. */
  readonly spec: () => ServerSpec;
  /** Written down before anything of it is done; false when the disk refused. */
  readonly keep: (progress: SavedProgress | null) => boolean;
  /** Writes down and tells how it ended. */
  readonly settle: (outcome: UpdateOutcome) => void;
  /** After each change of phase. */
  readonly onMoved: () => void;
}

export interface UpdateRunner {
  readonly state: UpdateState;
  send(news: UpdateInput): void;
  /** Goes on where an earlier daemon was. */
  resume(state: UpdateState, baselineBytes: number | null): void;
  /** To be called with every event that is of this server, or of none. */
  hear(event: WatchdogEvent): void;
  /** Says again where it stands: what is remembered of it may have been lost, or time has jumped. */
  tell(): void;
  /** Ends what is under way, and leaves what is written down to the next daemon. */
  close(): Promise<void>;
}

type Judge = ReturnType<UpdatePorts['judge']>;

export function createUpdateRunner(name: string, options: UpdateRunnerParts): UpdateRunner {
  const { parts, clock, bus } = options;
  const events = createSerialQueue(handle);
  let state: UpdateState = IDLE_UPDATE;
  let baselineBytes: number | null = null;
  let judge: Judge | null = null;
  let isClosed = false;
  let cancelAlarm = (): void => {};
  let aborting = new AbortController();
  /** Two acts of one update never overlap: a link is not moved back while it is being moved. */
  let work: Promise<void> = Promise.resolve();

  function send(news: UpdateInput): void {
    if (isClosed) return;
    events.send({ ...news, at: clock.monotonic() });
  }

  function handle(event: UpdateEvent): void {
    const from = state;
    const { state: to, actions } = decideUpdate(from, event, rulesOf(options.spec()));
    enter(to);
    if (to === from && actions.length === 0) return;
    const isWritten = to.phase === 'idle' || options.keep(toSave(to, baselineBytes));
    if (!isWritten && isAboutToLink(to)) return events.sendFirst({ kind: 'unwritten', at: event.at });
    tell();
    for (const action of actions) carryOut(action);
    if (to.phase !== from.phase) options.onMoved();
  }

  function enter(next: UpdateState): void {
    state = next;
    if (state.phase !== 'probation' || state.deadline === null) judge = null;
    cancelAlarm();
    const deadline = updateDeadline(state);
    cancelAlarm =
      deadline === null ? () => {} : clock.after(deadline - clock.monotonic(), () => send({ kind: 'tick' }));
  }

  function carryOut(action: UpdateAction): void {
    switch (action.kind) {
      case 'settle':
        return options.settle(action.outcome);
      case 'abort':
        aborting.abort();
        aborting = new AbortController();
        return;
      case 'watch':
        judge = parts.judge({ baselineBytes });
        return;
      case 'restart':
        return parts.restart(name, { reason: 'update', detail: action.detail });
      default:
        return begin(action);
    }
  }

  function begin(act: Effect): void {
    if (state.phase === 'idle') return;
    const { plan } = state;
    const { signal } = aborting;
    const context = { parts, clock, spec: options.spec(), plan, signal, say: (line: string) => tell(line) };
    work = work
      .then(() => (signal.aborted ? null : performEffect(act, context)))
      .then((news) => (news === null || signal.aborted ? undefined : learn(news)));
  }

  function learn(news: UpdateInput): void {
    // Measured last, so that it is of the version that ran.
    const isSwitched = news.kind === 'linked' && state.phase === 'switching';
    if (isSwitched) baselineBytes = parts.residentBytes(name);
    send(news);
  }

  function tell(detail: string | null = null): void {
    if (state.phase === 'idle') return;
    bus.publish({ kind: 'update-moved', server: name, progress: progressOf(state, { toEpoch, detail }) });
  }

  function toEpoch(deadline: number): number {
    return Math.round(clock.now() + deadline - clock.monotonic());
  }

  return {
    send,
    tell,
    get state() {
      return state;
    },
    resume(next, bytes) {
      baselineBytes = bytes;
      enter(next);
    },
    hear(event) {
      if (state.phase === 'idle' || isClosed) return;
      const news = 'server' in event ? mapServerEvent(event) : null;
      if (news !== null) send(news);
      if (news?.kind === 'failing') return;
      const reason = judge?.(event) ?? null;
      if (reason !== null) send({ kind: 'failing', stage: 'run', reason, fault: 'version' });
    },
    async close() {
      isClosed = true;
      cancelAlarm();
      aborting.abort();
      const saved = toSave(state, baselineBytes);
      if (saved !== null) options.keep({ ...saved, isPaused: true });
      await work;
    },
  };
}

function isAboutToLink(state: UpdateState): boolean {
  return state.phase === 'switching' && state.step === 'link';
}

function rulesOf({ update, start, stop, probe, restart }: ServerSpec): UpdateRules {
  const { strictTools, probation } = update;
  // The old process may use up its grace, the new one its start, and a first probe may have to be repeated.
  const comeUp =
    stop.grace + start.timeout + 2 * (probe.interval + probe.timeout) + restart.initialDelay + SLACK;
  return { strictTools, probation, comeUp };
}

/** A loaded machine, a gate between starts, a KILL that must be repeated, ms. */
const SLACK = 10_000;

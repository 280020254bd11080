// Update runner of one server: holds the state, one timer and the effect under way; the state machine decides.
import type { WatchdogEvent } from '../core/model/events.ts';
import { createSerialQueue } from '../core/base/serial-queue.ts';
import type { PackageSpec } from '../core/model/server-spec.ts';
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
  readonly ports: UpdatePorts;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  /** The spec in the config in force. */
  readonly spec: () => PackageSpec;
  /** Saves the progress, before any effect of it begins; false when the disk refused. */
  readonly save: (progress: SavedProgress | null) => boolean;
  /** Saves and publishes how it ended. */
  readonly settle: (outcome: UpdateOutcome) => void;
  /** After each change of phase. */
  readonly onMoved: () => void;
}

export interface UpdateRunner {
  readonly state: UpdateState;
  send(input: UpdateInput): void;
  /** Resumes an update of an earlier daemon. */
  resume(state: UpdateState, baselineBytes: number | null): void;
  /** Takes in every bus event of this server, or of none. */
  onEvent(event: WatchdogEvent): void;
  /** Publishes the progress again: a subscriber may be new, or the clock may have jumped. */
  publish(): void;
  /** Aborts the effect under way, and leaves the saved progress to the next daemon. */
  close(): Promise<void>;
}

type Judge = ReturnType<UpdatePorts['judge']>;

export function createUpdateRunner(name: string, options: UpdateRunnerParts): UpdateRunner {
  const { ports, clock, bus } = options;
  const events = createSerialQueue(handle);
  let state: UpdateState = IDLE_UPDATE;
  let baselineBytes: number | null = null;
  let judge: Judge | null = null;
  let isClosed = false;
  let cancelTimer = (): void => {};
  let aborting = new AbortController();
  /** Effects of one update never overlap: a link is not switched back while it is being switched. */
  let work: Promise<void> = Promise.resolve();

  function send(input: UpdateInput): void {
    if (isClosed) return;
    events.send({ ...input, at: clock.monotonic() });
  }

  function handle(event: UpdateEvent): void {
    const from = state;
    const { state: to, actions } = decideUpdate(from, event, rulesOf(options.spec(), ports));
    enter(to);
    if (to === from && actions.length === 0) return;
    const isSaved = to.phase === 'idle' || options.save(toSave(to, baselineBytes));
    if (!isSaved && isAboutToLink(to)) return events.sendFirst({ kind: 'unwritten', at: event.at });
    publish();
    for (const action of actions) carryOut(action);
    if (to.phase !== from.phase) options.onMoved();
  }

  function enter(next: UpdateState): void {
    state = next;
    if (state.phase !== 'probation' || state.deadline === null) judge = null;
    cancelTimer();
    const deadline = updateDeadline(state);
    cancelTimer =
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
        judge = ports.judge({ baselineBytes });
        return;
      case 'restart':
        return ports.restart(name, { reason: 'update', detail: action.detail });
      default:
        return begin(action);
    }
  }

  function begin(effect: Effect): void {
    if (state.phase === 'idle') return;
    const { plan } = state;
    const { signal } = aborting;
    const context = { ports, clock, spec: options.spec(), plan, signal, onProgress: publish };
    work = work
      .then(() => (signal.aborted ? null : performEffect(effect, context)))
      .then((result) => (result === null || signal.aborted ? undefined : finish(result)));
  }

  function finish(result: UpdateInput): void {
    // Measured at the last moment, while the version before still runs.
    const isSwitched = result.kind === 'linked' && state.phase === 'switching';
    if (isSwitched) baselineBytes = ports.residentBytes(name);
    send(result);
  }

  function publish(detail: string | null = null): void {
    if (state.phase === 'idle') return;
    bus.publish({ kind: 'update-moved', server: name, progress: progressOf(state, { toEpoch, detail }) });
  }

  function toEpoch(deadline: number): number {
    return Math.round(clock.now() + deadline - clock.monotonic());
  }

  return {
    send,
    publish: () => publish(),
    get state() {
      return state;
    },
    resume(next, bytes) {
      baselineBytes = bytes;
      enter(next);
    },
    onEvent(event) {
      if (state.phase === 'idle' || isClosed) return;
      const input = 'server' in event ? mapServerEvent(event) : null;
      if (input !== null) send(input);
      if (input?.kind === 'failing') return;
      const reason = judge?.(event) ?? null;
      if (reason !== null) send({ kind: 'failing', stage: 'run', reason, fault: 'version' });
    },
    async close() {
      isClosed = true;
      cancelTimer();
      aborting.abort();
      const saved = toSave(state, baselineBytes);
      if (saved !== null) options.save({ ...saved, isPaused: true });
      await work;
    },
  };
}

function isAboutToLink(state: UpdateState): boolean {
  return state.phase === 'switching' && state.step === 'link';
}

function rulesOf(
  { source, update, start, stop, probe, restart }: PackageSpec,
  { versionsOf }: Pick<UpdatePorts, 'versionsOf'>,
): UpdateRules {
  const { strictTools, probation } = update;
  // The old process may use up its grace, the new one its start, and a first probe may have to be repeated.
  const comeUp =
    stop.grace + start.timeout + 2 * (probe.interval + probe.timeout) + restart.initialDelay + SLACK;
  return { strictTools, probation, comeUp, isSame: versionsOf(source.manager).isSame };
}

/** Ms on top: a loaded machine, rate-limited starts, a KILL that must be repeated. */
const SLACK = 10_000;

// Connection to the daemon: the first status, then what changes; broken off, it is tried again until the daemon is back.
import type { PageStatus } from '../core/status/page-status.ts';
import type { ShownEvent } from '../core/status/shown-event.ts';
import { applyChanges } from './model/apply.ts';
import { retryDelay } from './model/retry.ts';
import type { Fault, NumberedStatus, Wire } from './model/wire.ts';
import type { Gone } from './common/app.ts';

export interface ConnectionEvents {
  /** @param isNew it is another run of the daemon, the first, or something may have been missed */
  onStatus(status: PageStatus, isNew: boolean): void;
  onEvent(event: ShownEvent): void;
  /** Null: it is back. */
  onGone(gone: Gone | null, fault: Fault): void;
  /** The daemon serves another page than this one. */
  onOtherPage(hash: string): void;
}

/** Ms without an answer before people are told: a restart of the daemon is shorter. */
const GRACE = 3000;

export interface Connection {
  start(): void;
  /** A hidden page needs no stream. */
  pause(): void;
  retry(): void;
}

export function createConnection(wire: Wire, events: ConnectionEvents): Connection {
  let status: NumberedStatus | null = null;
  let boot = '';
  let failures = 0;
  let lostAt = 0;
  /** A hidden page hears nothing: what was told meanwhile is read anew. */
  let wasPaused = false;
  let wake: (() => void) | null = null;
  let stop: AbortController | null = null;

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const fault = await once(signal);
      if (signal.aborted) return;
      if (lostAt === 0) lostAt = Date.now();
      const delay = retryDelay(failures, Math.random());
      failures += 1;
      const nextTry = Date.now() + delay;
      const tell = (): void =>
        events.onGone({ since: lostAt, nextTry, isForeign: fault.kind === 'foreign' }, fault);
      const patience = setTimeout(tell, status === null ? 0 : Math.max(0, lostAt + GRACE - Date.now()));
      await pause(delay, signal);
      clearTimeout(patience);
    }
  }

  /** One attempt: resolves when it is over, with why. */
  async function once(signal: AbortSignal): Promise<Fault> {
    const first = await wire.status();
    if (signal.aborted) return { kind: 'gone', message: '' };
    if (!first.ok) return first.fault;
    took(first.value);
    return wire.stream(
      first.value,
      (message) => {
        if (signal.aborted) return;
        if (message.kind === 'hello') events.onOtherPage(message.assets);
        else if (message.kind === 'event') events.onEvent(message.event);
        else if (status !== null) {
          status = { ...status, ...applyChanges(status, message), seq: message.seq };
          events.onStatus(status, false);
        }
      },
      signal,
    );
  }

  function took(next: NumberedStatus): void {
    const isNew = next.boot !== boot || failures > 0 || wasPaused;
    wasPaused = false;
    status = next;
    boot = next.boot;
    failures = 0;
    lostAt = 0;
    events.onGone(null, { kind: 'gone', message: '' });
    events.onStatus(next, isNew);
  }

  function pause(delay: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, delay);
      function done(): void {
        clearTimeout(timer);
        wake = null;
        signal.removeEventListener('abort', done);
        resolve();
      }
      wake = done;
      signal.addEventListener('abort', done);
    });
  }

  return {
    start() {
      if (stop !== null) return;
      stop = new AbortController();
      void run(stop.signal);
    },
    pause() {
      wasPaused = true;
      stop?.abort();
      stop = null;
    },
    retry() {
      failures = 0;
      wake?.();
    },
  };
}

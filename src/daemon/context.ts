// Context shared by all parts of the daemon: paths, clock, bus, log, redactor and teardown.
import type { ClockGap } from '../core/lifecycle/clock-gap.ts';
import { createRedactor, type Redactor } from '../core/base/text.ts';
import { createAwakeClock } from '../system/time/awake-clock.ts';
import { type Bus, createBus } from '../system/bus.ts';
import { type Clock, systemClock } from '../system/time/clock.ts';
import { TICK } from '../system/time/tick.ts';
import { createLog, type Log, readLogLevel } from '../system/files/log.ts';
import type { Paths } from '../system/files/paths.ts';
import { type Teardown, createTeardown } from './teardown.ts';

export interface DaemonContext {
  readonly paths: Paths;
  readonly version: string;
  /** Counts awake time only: no deadline falls due while the machine sleeps. */
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly teardown: Teardown;
}

export interface DaemonContextOptions {
  readonly paths: Paths;
  readonly version: string;
  /** Also gets each log line: standard output where there is no terminal. */
  readonly alsoLogTo?: (line: string) => void;
}

/** Ms that one part may take to close; the stop grace of servers comes on top. */
const CLOSE_TIMEOUT = 30_000;

export function openContext({ paths, version, alsoLogTo }: DaemonContextOptions): DaemonContext {
  const redactor = createRedactor();
  const log = createLog({
    path: paths.watchdogLog,
    level: readLogLevel(process.env),
    redactor,
    clock: systemClock,
    ...(alsoLogTo === undefined ? {} : { alsoTo: alsoLogTo }),
  });
  const teardown = createTeardown({
    clock: systemClock,
    timeout: CLOSE_TIMEOUT,
    onFault: (name, err) => log.error({ name, err }, 'Cannot close a part'),
  });
  teardown.add('log', () => log.close());
  const bus = createBus(systemClock, (err, event) =>
    log.error({ err, kind: event.kind }, 'A subscriber failed'),
  );
  const awake = createAwakeClock(systemClock, {
    heartbeat: TICK,
    onGap: (gap: ClockGap) => bus.publish({ kind: 'gap', ...gap }),
  });
  awake.start();
  teardown.add('clock', () => awake.stop());
  return { paths, version, clock: awake.clock, bus, log, redactor, teardown };
}

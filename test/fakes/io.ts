// A terminal that only remembers, for commands that run in the test's own process.
import type { Io } from '../../src/commands/command.ts';
import { type Clock, systemClock } from '../../src/system/clock.ts';

export interface FakeIo extends Io {
  /** All that was printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends a signal to the command. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void;
  /** How many listeners a command has left behind. */
  readonly listening: () => number;
}

export interface FakeIoOptions {
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
  /** A terminal of this size; none when left out. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export function fakeIo({ clock = systemClock, env = {}, terminal }: FakeIoOptions = {}): FakeIo {
  const printed = { out: '', err: '' };
  const listeners = new Map<string, Set<() => void>>();
  const shape = terminal === undefined ? {} : { ...terminal, isTTY: true };
  return {
    out: { write: (text: string) => (printed.out += text), ...shape },
    err: { write: (text: string) => (printed.err += text), ...shape },
    env,
    clock,
    onSignal(signal, listener) {
      const own = listeners.get(signal) ?? new Set();
      listeners.set(signal, own.add(listener));
      return () => own.delete(listener);
    },
    outliveOutput: () => {},
    stdout: () => printed.out,
    stderr: () => printed.err,
    signal: (name) => listeners.get(name)?.forEach((listener) => listener()),
    listening: () => [...listeners.values()].reduce((sum, { size }) => sum + size, 0),
  };
}

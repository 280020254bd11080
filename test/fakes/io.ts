// A terminal that only remembers, for commands that run in the test's own process.
import type { CommandIo } from '../../src/commands/shared/command.ts';
import { type Clock, systemClock } from '../../src/system/time/clock.ts';

export interface FakeIo extends CommandIo {
  /** All that was printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends a signal to the command. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void;
  /** Presses a key; the terminal has a keyboard. */
  readonly press: (key: string) => void;
  readonly resize: (size: { readonly columns: number; readonly rows: number }) => void;
  /** The process ends, whatever the command was about to do. */
  readonly exit: () => void;
  /** Whoever reads the output has gone. */
  readonly unread: () => void;
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
  const listeners = new Map<string, Set<(key: string) => void>>();
  const shape = terminal === undefined ? {} : { ...terminal, isTTY: true };
  const listen = (name: string, listener: (key: string) => void) => {
    const own = listeners.get(name) ?? new Set();
    listeners.set(name, own.add(listener));
    return () => own.delete(listener);
  };
  const out = { write: (text: string) => (printed.out += text), ...shape };
  return {
    out,
    err: { write: (text: string) => (printed.err += text), ...shape },
    env,
    clock,
    onSignal: listen,
    onKey: (listener) => (terminal === undefined ? null : listen('key', listener)),
    onResize: (listener) => listen('resize', listener),
    onExit: (listener) => listen('exit', listener),
    press: (key) => listeners.get('key')?.forEach((listener) => listener(key)),
    resize(size) {
      Object.assign(out, size);
      listeners.get('resize')?.forEach((listener) => listener(''));
    },
    unread: () => listeners.get('reader')?.forEach((listener) => listener('')),
    exit: () => listeners.get('exit')?.forEach((listener) => listener('')),
    onReaderGone: (listener) => listen('reader', listener),
    outliveOutput: () => {},
    stdout: () => printed.out,
    stderr: () => printed.err,
    signal: (name) => listeners.get(name)?.forEach((listener) => listener(name)),
    listening: () => [...listeners.values()].reduce((sum, { size }) => sum + size, 0),
  };
}

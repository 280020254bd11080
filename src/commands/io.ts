// The world of a command when it is a process of its own.
import { systemClock } from '../system/clock.ts';
import type { Io } from './command.ts';

export const processIo: Io = {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
  clock: systemClock,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  outliveOutput: () => void process.stdout.on('error', () => {}),
};

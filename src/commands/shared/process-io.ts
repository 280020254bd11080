// Input and output of this process, as commands see them.
import { watchPipeReader } from '../../system/pipe-reader.ts';
import { systemClock } from '../../system/time/clock.ts';
import type { CommandIo } from './command.ts';

export const processIo: CommandIo = {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
  clock: systemClock,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  onKey(listener) {
    const { stdin } = process;
    if (!stdin.isTTY) return null;
    const onData = (bytes: Buffer): void => {
      for (const key of bytes.toString()) listener(key);
    };
    stdin.setRawMode(true);
    stdin.on('data', onData);
    return () => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
    };
  },
  onResize(listener) {
    process.stdout.on('resize', listener);
    return () => process.stdout.off('resize', listener);
  },
  onExit(listener) {
    process.on('exit', listener);
    return () => process.off('exit', listener);
  },
  onReaderGone: (listener) => watchPipeReader(process.stdout.fd, systemClock, listener),
  outliveOutput() {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  },
};

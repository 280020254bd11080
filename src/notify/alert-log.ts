// Log file of all alerts, independent of the channels: one line when an alert fires and one when it resolves.
import type { EventOf } from '../core/model/events.ts';
import type { Clock } from '../system/time/clock.ts';
import { openRotatingFile } from '../system/files/rotating-file.ts';
import { toPlainLine } from './message/message.ts';

export interface AlertLog {
  write(event: EventOf<'alert'>): void;
  close(): Promise<void>;
}

export interface AlertLogOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Called with the error when writing fails, with null when it works again. */
  readonly onTrouble?: (error: Error | null) => void;
}

/** Bytes per file, and how many older files are kept. */
const MAX_SIZE = 1024 * 1024;
const KEEP = 3;

/** Opens the log; lines look like `2026-01-01T00:00:00.000Z firing critical McpServerDown files: files is down`. */
export function openAlertLog({ onTrouble, ...options }: AlertLogOptions): AlertLog {
  const file = openRotatingFile({
    ...options,
    maxSize: MAX_SIZE,
    keep: KEEP,
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
  return {
    write: ({ at, name, about, severity, state, summary }) =>
      file.write(
        `${new Date(at).toISOString()} ${state} ${severity} ${toPlainLine(name, 80)} ${toPlainLine(about ?? 'watchdog', 80)}: ${toPlainLine(summary, 400)}\n`,
      ),
    close: () => file.close(),
  };
}

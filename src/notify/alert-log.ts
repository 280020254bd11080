// The record of alerts that is always written, whatever the channels do: one line for each beginning and each end.
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
  /** The disk refuses (the error), or works again (null). */
  readonly onTrouble?: (error: Error | null) => void;
}

const MAX_SIZE = 1024 * 1024;
const KEEP = 3;

/** Lines like `2026-01-01T00:00:00.000Z firing critical McpServerDown files: files is down`. */
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

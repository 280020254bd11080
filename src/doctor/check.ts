// Interface of a doctor check: it examines one thing and returns findings, each with its cure.
import type { DoctorContext } from './context.ts';

/** `problem` makes the doctor fail, `warning` does not; `unknown`: the check could not tell. */
export type FindingStatus = 'ok' | 'warning' | 'problem' | 'unknown';

export interface Finding {
  readonly status: FindingStatus;
  /** One line for people, without its title. */
  readonly message: string;
  /** What to do, as a command where possible; null when there is nothing to do. */
  readonly cure: string | null;
}

export interface Check {
  /** Stable, for programs. */
  readonly id: string;
  readonly title: string;
  /** Returns no finding where the check does not apply. May throw: that counts as `unknown`. */
  readonly run: (context: DoctorContext) => Promise<readonly Finding[]>;
}

export function ok(message: string): Finding {
  return { status: 'ok', message, cure: null };
}

export function warning(message: string, cure: string | null): Finding {
  return { status: 'warning', message, cure };
}

export function problem(message: string, cure: string | null): Finding {
  return { status: 'problem', message, cure };
}

export function unknown(message: string, cure: string | null = null): Finding {
  return { status: 'unknown', message, cure };
}

/** Returns the findings, or one `ok` with the given message when there are none. */
export function orOk(findings: readonly Finding[], message: string): readonly Finding[] {
  return findings.length > 0 ? findings : [ok(message)];
}

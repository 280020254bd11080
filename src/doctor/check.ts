// What a check is: one question about this installation, answered with findings and their cures.
import type { DoctorContext } from './context.ts';

/** `problem` makes the doctor fail, `warning` does not; `unknown`: it could not be found out. */
export type FindingStatus = 'ok' | 'warning' | 'problem' | 'unknown';

export interface Finding {
  readonly status: FindingStatus;
  /** One line for people, without its title. */
  readonly message: string;
  /** What to do, as a command where there is one; null when there is nothing to do. */
  readonly cure: string | null;
}

export interface Check {
  /** Stable, for programs. */
  readonly id: string;
  readonly title: string;
  /** No finding: it means nothing on this system. May throw: that is an `unknown`. */
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

/** The findings, or that all is well when there are none. */
export function orOk(findings: readonly Finding[], praise: string): readonly Finding[] {
  return findings.length > 0 ? findings : [ok(praise)];
}

// Routing of alerts, as a config of Alertmanager has it: times by severity, and inhibition rules.
import type { Severity } from '../model/vocabulary.ts';
import type { InhibitRule } from './inhibition.ts';

/** Durations in ms. */
export interface Routing {
  /** How long the first alert of a group waits for others. */
  readonly groupWait: Readonly<Record<Severity, number>>;
  readonly groupInterval: Readonly<Record<Severity, number>>;
  /** Time after which an alert that still fires is repeated. */
  readonly repeatInterval: Readonly<Record<Severity, number>>;
  readonly inhibitRules: readonly InhibitRule[];
}

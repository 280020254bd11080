// What passes between whoever reads rule files, whoever evaluates them, and whoever shows the outcome.

/** A rule file as data: its YAML is read, and nothing in it is compiled. */
export interface RuleDocument {
  /** Absolute path. */
  readonly path: string;
  /** Part of this program, not of the config. */
  readonly isBuiltIn: boolean;
  readonly document: unknown;
}

/** One sample of a metric as /metrics shows it. */
export interface MetricSample {
  /** With prefix and suffix: `mcp_watchdog_probe_duration_seconds_bucket`. */
  readonly name: string;
  /** Those of one metric always in the same order. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The data of /api/v1/alerts, as Prometheus has it. */
export interface AlertsData {
  readonly alerts: readonly ApiAlert[];
}

export interface ApiAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  /** RFC 3339. */
  readonly activeAt: string;
  /** Only while it fires for no other reason than `keep_firing_for`. */
  readonly keepFiringSince?: string;
  /** As Go writes a float: `1e+00`. */
  readonly value: string;
}

/** The data of /api/v1/rules, as Prometheus has it. Durations in seconds. */
export interface RulesData {
  readonly groups: readonly ApiRuleGroup[];
}

export interface ApiRuleGroup {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly ApiRule[];
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export type ApiRule = ApiAlertingRule | ApiRecordingRule;

interface ApiRuleCommon {
  readonly name: string;
  readonly query: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface ApiAlertingRule extends ApiRuleCommon {
  readonly type: 'alerting';
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly duration: number;
  readonly keepFiringFor: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly alerts: readonly ApiAlert[];
}

interface ApiRecordingRule extends ApiRuleCommon {
  readonly type: 'recording';
}

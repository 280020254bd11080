// Rule documents, metric samples, and the alerts and rules of Prometheus' HTTP API.

/** A rule file as parsed YAML, not compiled yet. */
export interface RuleDocument {
  /** Absolute path. */
  readonly path: string;
  /** True for rules that ship with this program. */
  readonly isBuiltIn: boolean;
  readonly document: unknown;
}

/** An alert or recording rule whose last evaluation failed. */
export interface FailingRule {
  /** Name of the rule file, without its folder. */
  readonly file: string;
  readonly group: string;
  readonly rule: string;
  readonly error: string;
}

/** One sample of a metric as /metrics shows it. */
export interface MetricSample {
  /** With prefix and suffix: `mcp_watchdog_probe_duration_seconds_bucket`. */
  readonly name: string;
  /** All samples of one metric have their labels in the same order. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** A small number that its series has as long as it is shown, with the same `labels` object; later another may have it. */
  readonly id?: number;
  /** Its labels with those that a scrape adds, for readers who have found them; null before. */
  scraped?: Readonly<Record<string, string>> | null;
}

/** Data of `/api/v1/alerts`, in the format of Prometheus. */
export interface AlertsData {
  readonly alerts: readonly ApiAlert[];
}

export interface ApiAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  /** RFC 3339. */
  readonly activeAt: string;
  /** Present only while it fires just because of `keep_firing_for`. */
  readonly keepFiringSince?: string;
  /** A float in Go's notation: `1e+00`. */
  readonly value: string;
}

/** Data of `/api/v1/rules`, in the format of Prometheus. Durations in seconds. */
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

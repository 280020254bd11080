// Fixed colours of series by their meaning: red and orange went wrong, purple needs a look, blue and grey are intended or neutral, green went well.
import type {
  NOTIFY_FAILURES,
  NOTIFY_KINDS,
  NOTIFY_SUPPRESSIONS,
  PROBE_FAILURES,
  RESTART_REASONS,
  UPDATE_RESULTS,
} from '../../../src/core/model/vocabulary.ts';

/** By the text of the legend, or by its end after a space. */
export type SeriesColours = Readonly<Record<string, string>>;

type All<Names extends readonly string[]> = Readonly<Record<Names[number], string>>;

/** A crash is red, what somebody asked for is blue. */
export const RESTART_COLOURS = {
  exit: 'red',
  signal: 'dark-red',
  probe: 'orange',
  start_timeout: 'dark-orange',
  memory: 'purple',
  cpu: 'light-purple',
  requested: 'light-blue',
  update: 'blue',
  config: 'dark-blue',
  unobserved: 'text',
  'start failed': 'semi-dark-red',
} as const satisfies All<typeof RESTART_REASONS> & SeriesColours;

export const PROBE_FAILURE_COLOURS = {
  timeout: 'orange',
  refused: 'red',
  closed: 'dark-red',
  protocol: 'purple',
  http_status: 'dark-orange',
  unauthorized: 'yellow',
  wrong_host: 'dark-yellow',
  'asks for credentials': 'light-yellow',
} as const satisfies All<typeof PROBE_FAILURES> & SeriesColours;

export const UPDATE_COLOURS = {
  committed: 'green',
  rolled_back: 'orange',
  failed: 'red',
  held: 'blue',
} as const satisfies All<typeof UPDATE_RESULTS>;

export const CHANNEL_COLOURS = {
  desktop: 'blue',
  webhook: 'purple',
  command: 'light-blue',
} as const satisfies All<typeof NOTIFY_KINDS>;

/** Nobody was notified, though somebody should have been. */
export const NOTIFY_FAILURE_COLOURS = {
  timeout: 'orange',
  refused: 'red',
  closed: 'dark-red',
  tls: 'dark-orange',
  http_status: 'semi-dark-red',
  unauthorized: 'yellow',
  exit_code: 'light-red',
  missing_program: 'purple',
  no_session: 'light-orange',
  fault: 'dark-purple',
} as const satisfies All<typeof NOTIFY_FAILURES>;

/** Nobody had to be notified, but for the last two. */
export const SUPPRESSION_COLOURS = {
  repeat: 'text',
  passing: 'light-blue',
  superseded: 'semi-dark-blue',
  covered: 'blue',
  silenced: 'light-purple',
  grouped: 'dark-blue',
  elsewhere: 'light-green',
  queue_full: 'red',
  shutdown: 'orange',
} as const satisfies All<typeof NOTIFY_SUPPRESSIONS>;

/** `error_type` of requests: what the tool says of itself, and what the watchdog or the server are to blame for. */
export const ERROR_COLOURS: SeriesColours = {
  tool_error: 'light-orange',
  server_restarted: 'red',
  server_unavailable: 'dark-red',
  timeout: 'orange',
  queue_full: 'purple',
};

export const QUANTILE_COLOURS: SeriesColours = { p50: 'light-blue', p95: 'blue', p99: 'purple' };

export const WAITING_COLOURS: SeriesColours = {
  'under way': 'blue',
  waiting: 'orange',
  'waiting, on average': 'light-orange',
  'sent a second time': 'purple',
  'cut off, not read': 'red',
};

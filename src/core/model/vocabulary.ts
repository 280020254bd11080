// Closed lists of names: states, reasons, results and owners. Metrics pre-set each to 0, and state files and JSON carry them.

export const SERVER_STATES = [
  'stopped',
  'starting',
  'running',
  'stopping',
  'backoff',
  'crash_looping',
  'needs_attention',
  'idle',
] as const;
export type ServerStateName = (typeof SERVER_STATES)[number];

/** Why a server was restarted. */
export const RESTART_REASONS = [
  'exit',
  'signal',
  'probe',
  'start_timeout',
  'memory',
  'cpu',
  'requested',
  'update',
  'config',
  'unobserved',
] as const;
export type RestartReason = (typeof RESTART_REASONS)[number];

/** What a person does to a server. */
export type OperatorAction = 'start' | 'stop' | 'restart' | 'update' | 'rollback';

/** Why a server could not be started. Stable: the message beside it is for people. */
export type StartFailureCode =
  | 'EXECUTABLE_MISSING'
  | 'SPAWN_FAILED'
  | 'CWD_MISSING'
  | 'PORT_IN_USE'
  | 'OFFLINE'
  | 'UNKNOWN_PACKAGE'
  | 'UNKNOWN_VERSION'
  | 'ENGINE_MISMATCH'
  | 'DISK_FULL'
  | 'BIN_UNRESOLVED'
  | 'INSTALL_FAILED'
  | 'LEFTOVERS'
  | 'EXITED_BEFORE_READY'
  | 'NOT_READY_IN_TIME';

/** `probe.kind` in the config. */
export const PROBE_KINDS = ['mcp', 'http', 'exec'] as const;
export type ProbeKindName = (typeof PROBE_KINDS)[number];

/** Probes that each kind runs: the label `probe` of metrics. */
export const PROBES_BY_KIND = {
  mcp: ['ping', 'list_tools'],
  http: ['http'],
  exec: ['exec'],
} as const satisfies Record<ProbeKindName, readonly string[]>;
export type ProbeName = (typeof PROBES_BY_KIND)[ProbeKindName][number];
export const PROBE_NAMES: readonly ProbeName[] = Object.values(PROBES_BY_KIND).flat();

export const PROBE_FAILURES = [
  'timeout',
  'refused',
  'closed',
  'protocol',
  'http_status',
  'unauthorized',
  'wrong_host',
] as const;
export type ProbeFailure = (typeof PROBE_FAILURES)[number];

/** Tells whether the server lives and only refuses us: for want of credentials, or for the Host or Origin that we send. */
export function isRefusal(reason: ProbeFailure): reason is 'unauthorized' | 'wrong_host' {
  return reason === 'unauthorized' || reason === 'wrong_host';
}

/**
 * Remarks on a running server that are no verdict on its health: faults of it, and what its probes do about them.
 *
 * `framing`: its answers are not one line of JSON each. `stdout_text`: it prints text where only messages belong.
 * `cursor_repeats`: its list of tools names the same next page again. `odd_list`: that list is one that clients refuse, or more than
 * is read of it. `process_growth`: each MCP request leaves processes
 * behind. `single_session`: it takes one session only. `busy`: it misses probes while it works.
 */
export type ServerCondition =
  | 'framing'
  | 'stdout_text'
  | 'cursor_repeats'
  | 'odd_list'
  | 'process_growth'
  | 'single_session'
  | 'busy';

/** Jobs that run on a schedule. */
export type JobName = 'update' | 'cleanup' | 'backup';

/** From the decision to the result; persisted, so that a daemon that dies anywhere knows where the update was. */
export const UPDATE_PHASES = [
  'idle',
  'installing',
  'canary',
  'waiting',
  'switching',
  'probation',
  'rolling_back',
] as const;
export type UpdatePhase = (typeof UPDATE_PHASES)[number];

/** Why a newer version is not taken. */
export const HELD_REASONS = [
  'minimum_age',
  'deprecated',
  'engine',
  'bad',
  'backwards',
  'attestation',
  'install_script',
  'publisher',
  'pinned',
  'tools',
] as const;
export type HeldReason = (typeof HELD_REASONS)[number];

export const UPDATE_RESULTS = ['committed', 'rolled_back', 'failed', 'held'] as const;
export type UpdateResult = (typeof UPDATE_RESULTS)[number];

/** Who asked for an update: both go by the same rules; an operator may also name a version. */
export type UpdateBy = 'schedule' | 'operator';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Channels to the person, one plug-in each. */
export const NOTIFY_KINDS = ['desktop', 'webhook', 'command'] as const;
export type NotifyKind = (typeof NOTIFY_KINDS)[number];

/** Why a channel did not take a notification. */
export const NOTIFY_FAILURES = [
  'timeout',
  'refused',
  'closed',
  'tls',
  'http_status',
  'unauthorized',
  'exit_code',
  'missing_program',
  'no_session',
  'fault',
] as const;
export type NotifyFailure = (typeof NOTIFY_FAILURES)[number];

/**
 * Why an alert got no notification of its own.
 *
 * `repeat`: nothing new. `passing`: over before anybody was notified. `superseded`: a newer state was notified instead.
 * `covered`: a graver alert about the same server includes it. `silenced`: somebody silenced it in Alertmanager.
 * `grouped`: part of a digest. `elsewhere`: Prometheus and Alertmanager notify. `queue_full` and `shutdown`: the channel
 * was too slow.
 */
export const NOTIFY_SUPPRESSIONS = [
  'repeat',
  'passing',
  'superseded',
  'covered',
  'silenced',
  'grouped',
  'elsewhere',
  'queue_full',
  'shutdown',
] as const;
export type NotifySuppression = (typeof NOTIFY_SUPPRESSIONS)[number];

/**
 * Who delivers alerts, the least capable first. `us`: the channels of our own config. `alertmanager-by-us`: Alertmanager
 * notifies of what we post to it. `engine`: Prometheus evaluates and Alertmanager notifies.
 */
export const DELIVERY_OWNERS = ['us', 'alertmanager-by-us', 'engine'] as const;
export type DeliveryOwner = (typeof DELIVERY_OWNERS)[number];

/** Programs that can deliver alerts in our place. */
export const ENGINE_NAMES = ['prometheus', 'alertmanager'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

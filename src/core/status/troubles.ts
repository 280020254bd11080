// Troubles: what is wrong now, each told once and the worst first, for page, command line, monitor and notifications alike.
import { neutralise } from '../base/text.ts';
import { describeCause, withoutQuote, type Cause } from '../base/cause.ts';
import type { HealthVerdict } from '../model/observations.ts';
import type { FailingRule } from '../model/alert-rules.ts';
import type { FiringAlert } from '../model/notification.ts';
import type { DaemonStatus, ServerStatus, Status } from '../model/status.ts';
import { describePhase } from '../update/update-text.ts';
import { SEVERITIES, type Severity, type StartFailureCode } from '../model/vocabulary.ts';
import {
  configRefusal,
  describeLastEnd,
  describeRestart,
  isByFault,
  isHealthy,
  latestProbe,
  overLimits,
} from './health-summary.ts';
import { isUnprobed, stateWords } from './state-words.ts';

/** Whose turn it is, in the order in which they are shown. `off`: it does not run, and need not. */
const TROUBLE_GROUPS = ['needs_you', 'handled', 'healthy', 'off'] as const;
export type TroubleGroup = (typeof TROUBLE_GROUPS)[number];

/** One trouble, with all alerts that tell of it. */
export interface Trouble {
  /** A server, or null for the watchdog itself. */
  readonly about: string | null;
  readonly group: TroubleGroup;
  readonly severity: Severity;
  /** What is wrong, in one line that does not age; the words of a server stand in “quotation marks”. */
  readonly root: string;
  /** What to do about it; null where the watchdog does it. */
  readonly cure: string | null;
  /** When it began as far as that is known, ms since the epoch. */
  readonly since: number;
  /** The gravest first; the others follow from it. */
  readonly alerts: readonly FiringAlert[];
}

/** Lists all troubles, the worst first: what needs a person, then by severity, then the oldest. */
export function troublesOf(status: Status, now: number): readonly Trouble[] {
  const { daemon, servers } = status;
  const known = new Set(servers.map(({ name }) => name));
  const ofServers = servers.flatMap((server) => troubleOf(server, alertsAbout(daemon, server.name), now));
  const ofOthers = daemon.alerts
    .filter(({ about }) => about !== null && !known.has(about))
    .map((alert) => ofAlert(alert, 'handled'));
  return [...ofServers, ...ofOthers, ...ofWatchdog(daemon, now)].toSorted(
    (a, b) => groupRank(a) - groupRank(b) || severityRank(b) - severityRank(a) || a.since - b.since,
  );
}

/** Counts for a headline: what needs a person, the watchdog included, and the servers of the other groups. */
export type TroubleCounts = Readonly<Record<TroubleGroup, number>>;

export function countTroubles(status: Status, now: number): TroubleCounts {
  const counts = { needs_you: 0, handled: 0, healthy: 0, off: 0 };
  for (const server of status.servers)
    counts[groupOf(server, alertsAbout(status.daemon, server.name), now)] += 1;
  for (const { group } of ofWatchdog(status.daemon, now)) if (group === 'needs_you') counts.needs_you += 1;
  return counts;
}

/** Writes the headline: `1 needs you, 2 handled by the watchdog, 4 healthy, 1 off`; groups with nobody are left out. */
export function headline(counts: TroubleCounts): string {
  const { needs_you: needsYou, handled, healthy, off } = counts;
  const texts = [
    needsYou > 0 ? `${needsYou} ${needsYou === 1 ? 'needs' : 'need'} you` : '',
    handled > 0 ? `${handled} handled by the watchdog` : '',
    healthy > 0 ? `${healthy} healthy` : '',
    off > 0 ? `${off} off` : '',
  ];
  return texts.filter((text) => text !== '').join(', ');
}

/** Returns whose turn it is with one server of a status. */
export function groupIn({ daemon }: Pick<Status, 'daemon'>, server: ServerStatus, now: number): TroubleGroup {
  return groupOf(server, alertsAbout(daemon, server.name), now);
}

/** Lists the servers as they are shown: by group, in it the worst trouble first, then as in the config. */
export function orderOf(status: Status, now: number): readonly ServerStatus[] {
  const troubles = troublesOf(status, now).map(({ about }) => about);
  const placed = status.servers.map((server) => {
    const index = troubles.indexOf(server.name);
    const group = TROUBLE_GROUPS.indexOf(groupIn(status, server, now));
    return { server, group, rank: index < 0 ? troubles.length : index };
  });
  return placed.toSorted((a, b) => a.group - b.group || a.rank - b.rank).map(({ server }) => server);
}

/** Failures that do not heal by themselves, however often the start is tried. */
const FOR_A_PERSON: ReadonlySet<StartFailureCode> = new Set([
  'EXECUTABLE_MISSING',
  'CWD_MISSING',
  'PORT_IN_USE',
  'UNKNOWN_PACKAGE',
  'UNKNOWN_VERSION',
  'ENGINE_MISMATCH',
  'BIN_UNRESOLVED',
  'DISK_FULL',
]);

/** How long a server that is not ours may be down before somebody should look, ms since its alert: that came 2 min later. */
const URL_PATIENCE = 3 * 60_000;

/** Returns whose turn it is with this server. */
export function groupOf(server: ServerStatus, alerts: readonly FiringAlert[], now: number): TroubleGroup {
  const { state, desired, stoppedBecause, killRepeats } = server;
  const isOff =
    state === 'idle' || (state === 'stopped' && (desired === 'down' || stoppedBecause === 'completed'));
  if (isOff && killRepeats === 0) return 'off';
  if (needsPerson(server)) return 'needs_you';
  if (isUrlInTrouble(server))
    return alerts.some(({ since }) => now - since > URL_PATIENCE) ? 'needs_you' : 'handled';
  return isHealthy(server) && isSettled(server) ? 'healthy' : 'handled';
}

/** Down, not answering since we ask, or not to be asked: and nothing that the watchdog could start. */
function isUrlInTrouble(server: ServerStatus): boolean {
  const { up, detail } = server.health;
  return server.state === 'watched' && (up === false || (up === null && detail !== null));
}

function isSettled({ health, overLimit, update }: ServerStatus): boolean {
  return !health.suspect && overLimit.length === 0 && (update?.progress ?? null) === null;
}

const STUCK: ReadonlySet<ServerStatus['state']> = new Set(['crash_looping', 'needs_attention']);

function needsPerson({ state, stoppedBecause, killRepeats, health, lastFailure }: ServerStatus): boolean {
  if (killRepeats > 0 || STUCK.has(state) || stoppedBecause === 'prevented') return true;
  if (health.unauthorized || health.wrongHost === true) return true;
  return lastFailure !== null && (lastFailure.retry === 'never' || FOR_A_PERSON.has(lastFailure.code));
}

function troubleOf(server: ServerStatus, alerts: readonly FiringAlert[], now: number): Trouble[] {
  const group = groupOf(server, alerts, now);
  const [gravest] = alerts;
  const isTrouble = group === 'needs_you' || group === 'handled';
  if (gravest === undefined && !isTrouble) return [];
  return [
    {
      about: server.name,
      group,
      severity: gravest?.severity ?? ownSeverity(server, group),
      root: (isTrouble ? rootOf(server) : null) ?? gravest?.summary ?? stateWords(server),
      cure: cureOf(server, group),
      since: Math.min(...alerts.map(({ since }) => since), sinceOf(server, now)),
      alerts,
    },
  ];
}

function rootOf(server: ServerStatus): string | null {
  const cause = causeOf(server);
  return cause === null ? null : neutralise(describeCause(cause));
}

function ownSeverity(server: ServerStatus, group: TroubleGroup): Severity {
  if (group === 'needs_you') return server.health.up === true ? 'warning' : 'critical';
  const isFailing = server.lastFailure !== null || server.health.up === false || server.overLimit.length > 0;
  return isFailing ? 'warning' : 'info';
}

function sinceOf(server: ServerStatus, now: number): number {
  const isProbed = server.state === 'running' || server.state === 'watched';
  return isProbed ? (server.verdictSince ?? latestProbe(server)?.at ?? now) : server.since;
}

/**
 * Returns the last cause of a server's trouble, without any time relative to now; null when nothing is known to be wrong.
 * What failed before the attempt under way counts until that attempt has succeeded.
 */
function causeOf(server: ServerStatus): Cause | null {
  const { lastFailure, killRepeats, update } = server;
  if (killRepeats > 0) return ours('the kernel does not end its process');
  const now = causeOfHealth(server.health, isUrlInTrouble(server) || isUnprobed(server));
  if (now !== null) return now;
  if (lastFailure !== null) return ofOurs(lastFailure.cause, lastFailure.message, lastFailure.quote);
  const [limit] = overLimits(server);
  if (limit !== undefined) return ours(limit);
  const progress = update?.progress ?? null;
  return progress === null ? causeOfLastEnd(server) : ours(describePhase({ ...progress, detail: null }));
}

function causeOfHealth(
  { up, suspect, unauthorized, wrongHost, detail, cause, quote, unasked }: HealthVerdict,
  isUrlBad: boolean,
): Cause | null {
  const isBad = up === false || suspect || unauthorized || wrongHost === true || isUrlBad;
  if (isBad && detail !== null) return ofOurs(cause, detail, quote);
  return isUrlBad && unasked !== undefined ? ours(unasked) : null;
}

/** Our words apart from those of the server, also where only both together are known. */
function ofOurs(cause: string | undefined, told: string, quote: string | undefined): Cause {
  return { cause: cause ?? withoutQuote(told, quote), quote: quote ?? null };
}

function causeOfLastEnd(server: ServerStatus): Cause | null {
  const { state, lastRestart } = server;
  if (state === 'running' || state === 'watched')
    return lastRestart !== null && isByFault(lastRestart) ? ours(describeRestart(lastRestart)) : null;
  const end = describeLastEnd(server);
  return end === null ? null : ours(end);
}

function ours(cause: string): Cause {
  return { cause, quote: null };
}

/** Returns what a person can do about a server that needs one, or the hint of its last failure; null for nothing. */
export function cureFor(server: ServerStatus, now: number): string | null {
  return cureOf(server, groupOf(server, [], now));
}

/** Returns what a person can do: the hint of the failure, else by what is wrong; null where nobody has to do anything. */
function cureOf(server: ServerStatus, group: TroubleGroup): string | null {
  const { name, health, state, killRepeats, url } = server;
  const hint = server.lastFailure?.hint ?? server.lastExit?.launcher?.hint ?? null;
  if (group !== 'needs_you' && !isUrlInTrouble(server)) return hint;
  if (killRepeats > 0)
    return 'a disk or network drive that hangs holds it: free that, or restart the machine';
  if (hint !== null) return hint;
  if (health.wrongHost === true) return `write the address that it accepts into servers.${name}.url`;
  if (health.unauthorized) return `give it a valid credential below servers.${name}`;
  if (isUnprobed(server)) return cureOfUnprobed(server);
  if (state === 'watched') return `start it, or correct servers.${name}.url (${url ?? 'none'})`;
  return `mcp-watchdog logs ${name} shows what it printed; mcp-watchdog start ${name} tries at once`;
}

/** The name may be wrong, or this machine may be the one that cannot look it up: only a person can tell them apart. */
function cureOfUnprobed({ name, health }: ServerStatus): string {
  const detail = health.detail ?? health.unasked ?? '';
  if (detail.includes('(EAI_AGAIN)'))
    return 'no name server answers this machine: see to its network, VPN or DNS settings';
  if (detail.includes('(ENOTFOUND)'))
    return `correct servers.${name}.url, or join the network or VPN in which that name is known`;
  return `it is this machine that cannot ask: mend what is named, or change servers.${name}`;
}

/** Alerts that name their subject themselves: another trouble of the same server would only contradict them. */
const WITH_OWN_SUBJECT: ReadonlySet<string> = new Set([
  'McpServerProbesFailing',
  'McpServerToolsLost',
  'McpServerMemoryHigh',
  'McpServerMemoryLeakSuspected',
  'McpServerCpuHigh',
  'McpServerFileDescriptorsHigh',
  'McpServerUpdateAvailable',
  'McpServerUpdateHeld',
  'McpServerUpdateRolledBack',
  'McpServerVersionChanged',
]);

/** Returns the cause to add to an alert about a server, which knows only that something is wrong; null for none. */
export function causeForAlert(name: string, server: ServerStatus, now: number): string | null {
  if (WITH_OWN_SUBJECT.has(name)) return null;
  const group = groupOf(server, [], now);
  if (group === 'needs_you' || group === 'handled') return rootOf(server);
  // It is up between two restarts.
  const ended = name === 'McpServerCrashLooping' ? causeOfLastEnd(server) : null;
  return ended === null ? null : neutralise(describeCause(ended));
}

const CONFIG_ALERT = 'McpWatchdogConfigReloadFailed';
const CONFIG_CURE = 'mcp-watchdog config validate shows what is wrong with it';
const NOTIFY_ALERT = 'McpWatchdogNotificationsFailing';
const NOTIFY_CURE = 'mcp-watchdog notify test says what to do';
const STATE_ALERT = 'McpWatchdogStateNotPersisted';
const RULES_ALERT = 'McpWatchdogRuleFailures';
const RULES_CURE = 'correct the rule, or remove its file from alerts.rules; mcp-watchdog doctor lists them';
const BRAKED = 'All servers failed at once: restarts for failed probes are on hold';

/** Lists the troubles of the watchdog itself; an alert about one of them belongs to it. */
function ofWatchdog(daemon: DaemonStatus, now: number): Trouble[] {
  const { config, braked, deafChannels, unsaved, gateway, failingRules = [] } = daemon;
  const isRefused = !config.ok && config.error !== null;
  const deaf = Object.entries(deafChannels).map(
    ([channel, why]) => `no notification gets through by ${channel}: ${why}`,
  );
  const alerts = alertsAbout(daemon, null);
  const named = (name: string): FiringAlert[] => alerts.filter((alert) => alert.name === name);
  const own = (
    root: string,
    group: TroubleGroup,
    { cure, told, since = now }: Pick<Trouble, 'cure'> & { told: readonly FiringAlert[]; since?: number },
  ): Trouble => ({
    about: null,
    group,
    severity: told[0]?.severity ?? 'warning',
    root,
    cure,
    since: Math.min(since, ...told.map((alert) => alert.since)),
    alerts: told,
  });
  return [
    ...(isRefused
      ? [own(configRefusal(config), 'needs_you', { cure: CONFIG_CURE, told: named(CONFIG_ALERT) })]
      : []),
    ...(unsaved === undefined
      ? []
      : [
          own(`its state cannot be saved: ${unsaved.reason}`, 'needs_you', {
            cure: cureOfUnsaved(unsaved.reason),
            told: named(STATE_ALERT),
            since: unsaved.since,
          }),
        ]),
    ...(failingRules.length === 0
      ? []
      : [
          own(describeFailingRules(failingRules), 'needs_you', {
            cure: RULES_CURE,
            told: named(RULES_ALERT),
          }),
        ]),
    ...(gateway?.troubles ?? []).map(({ message, hint }) =>
      own(message, 'needs_you', { cure: hint, told: [] }),
    ),
    ...(braked ? [own(BRAKED, 'handled', { cure: null, told: [] })] : []),
    ...(deaf.length > 0
      ? [own(deaf.join('; '), 'handled', { cure: NOTIFY_CURE, told: named(NOTIFY_ALERT) })]
      : []),
    ...alerts
      .filter(
        ({ name }) =>
          !(isRefused && name === CONFIG_ALERT) &&
          !(unsaved !== undefined && name === STATE_ALERT) &&
          !(failingRules.length > 0 && name === RULES_ALERT) &&
          !(deaf.length > 0 && name === NOTIFY_ALERT),
      )
      .map((alert) => ofAlert(alert, 'handled')),
  ];
}

/** `alert rule Slow of own.yml fails: Two results make the same alert Slow (and 2 more)`. */
export function describeFailingRules([first, ...others]: readonly FailingRule[]): string {
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `alert rule ${first.rule} of ${first.file} fails: ${first.error}${more}`;
}

/** Returns the cure for a state that cannot be saved, by the system's error; what is only in memory is written by itself then. */
export function cureOfUnsaved(reason: string): string {
  if (/ENOSPC|EDQUOT/u.test(reason))
    return 'free space on the disk of its home: mcp-watchdog cleanup removes old files of the watchdog';
  if (reason.includes('EROFS'))
    return 'its file system is read-only: see what the system log says, then remount it';
  return 'mcp-watchdog doctor says what is wrong with its home';
}

function ofAlert(alert: FiringAlert, group: TroubleGroup): Trouble {
  const { about, severity, summary, since } = alert;
  return { about, group, severity, root: summary, cure: null, since, alerts: [alert] };
}

/** Lists the alerts about one server, or with null about the watchdog, the gravest first. */
export function alertsAbout({ alerts }: DaemonStatus, server: string | null): readonly FiringAlert[] {
  return alerts
    .filter(({ about }) => about === server)
    .toSorted((a, b) => severityRank(b) - severityRank(a) || a.since - b.since);
}

function groupRank({ group }: Trouble): number {
  return TROUBLE_GROUPS.indexOf(group);
}

function severityRank({ severity }: Pick<Trouble, 'severity'>): number {
  return SEVERITIES.indexOf(severity);
}

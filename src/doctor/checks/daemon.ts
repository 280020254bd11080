// Checks of the running daemon: does it answer, is it healthy, are its servers, is it scraped.
import { existsSync } from 'node:fs';
import { homeHolder } from '../../control/fallback-place.ts';
import { findSocket } from '../../control/find-socket.ts';
import { isHealthy } from '../../core/status/health-summary.ts';
import { ago, latency, length, span } from '../../core/base/format.ts';
import { cureOfUnsaved } from '../../core/status/troubles.ts';
import type { Status } from '../../core/model/status.ts';
import { type Check, type Finding, ok, orOk, problem, unknown, warning } from '../check.ts';
import { type DoctorContext, hasNoConfig } from '../context.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** ms; an idle daemon answers within a few. */
const SLOW = 1000;

export const daemon: Check = {
  id: 'daemon',
  title: 'Daemon',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind === 'none') return absence(context);
    if (answer.kind === 'silent')
      return [
        problem(answer.reason, 'mcp-watchdog logs shows why; mcp-watchdog restart, or end it with kill'),
      ];
    const { status, took } = answer;
    const { version, pid, startedAt } = status.daemon;
    const findings: Finding[] = [];
    if (took > SLOW) findings.push(warning(`took ${latency(took)} to answer`, 'mcp-watchdog logs'));
    if (version !== context.version)
      findings.push(
        warning(`runs release ${version}, this command is ${context.version}`, 'mcp-watchdog restart'),
      );
    return [
      ok(`running as pid ${pid} since ${span(context.now - startedAt)}, answered in ${latency(took)}`),
      ...findings,
      ...daemonProblems(status, context.now),
    ];
  },
};

function absence(context: DoctorContext): Finding[] {
  const holder = homeHolder(context.paths.socket);
  const cure = hasNoConfig(context) ? 'mcp-watchdog init, then mcp-watchdog start' : 'mcp-watchdog start';
  if (holder === null) return [problem('not running', cure), ...staleSocket(context)];
  return [
    problem(
      `pid ${holder} holds the home lock but does not answer`,
      `kill ${holder}, then mcp-watchdog start`,
    ),
  ];
}

function rejectedConfig(loadedAt: number | null): Finding {
  const cure = 'mcp-watchdog config validate';
  return loadedAt === null
    ? problem('waits for a valid config', cure)
    : warning('rejected the current config and keeps using the previous one', cure);
}

function daemonProblems({ daemon }: Status, now: number): Finding[] {
  const { config, lastTickAt, lastPersistFailureAt, unsaved } = daemon;
  const findings: Finding[] = [];
  if (!config.ok && config.error !== null) findings.push(rejectedConfig(config.loadedAt));
  if (lastTickAt !== null && now - lastTickAt > STALLED)
    findings.push(
      problem(`has not sampled its servers for ${span(now - lastTickAt)}`, 'mcp-watchdog restart'),
    );
  if (unsaved !== undefined)
    findings.push(
      problem(
        `has not been able to save its state for ${span(now - unsaved.since)}: ${unsaved.reason}`,
        cureOfUnsaved(unsaved.reason),
      ),
    );
  else if (lastPersistFailureAt !== null && now - lastPersistFailureAt < HOUR)
    findings.push(
      problem(
        `could not write its state ${ago(lastPersistFailureAt, now)}`,
        'free space on the disk; mcp-watchdog logs',
      ),
    );
  for (const { message, hint } of daemon.gateway?.troubles ?? [])
    findings.push(warning(`its gateway lacks a part: ${message}`, hint ?? 'mcp-watchdog logs'));
  return findings;
}

/** ms; several times the longest sensible sampling interval. */
const STALLED = 15 * 60_000;

function staleSocket({ paths }: DoctorContext): Finding[] {
  let path: string | null = null;
  try {
    path = findSocket(paths.socket);
  } catch {
    // The home check reports this.
  }
  if (path === null || !existsSync(path)) return [];
  return [warning(`${path} is left over from a daemon that has ended`, 'mcp-watchdog start replaces it')];
}

export const servers: Check = {
  id: 'servers',
  title: 'Servers',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind !== 'running') return [unknown('no daemon to ask')];
    const { servers } = answer.status;
    const unhealthy = servers.filter((server) => !isHealthy(server)).map(({ name }) => name);
    if (unhealthy.length === 0)
      return [ok(servers.length === 1 ? 'the only one is healthy' : `all ${servers.length} are healthy`)];
    return [warning(`unhealthy: ${unhealthy.join(', ')}`, `mcp-watchdog status ${unhealthy[0] ?? ''}`)];
  },
};

/** Part of the script of the guardian, the shell that stops the servers when the daemon is killed. */
const GUARDIAN = 'read -r order group';

export const guardian: Check = {
  id: 'guardian',
  title: 'Guardian',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind !== 'running') return [unknown('no daemon to ask')];
    const { pid } = answer.status.daemon;
    const children = (await context.processes()).filter(
      ({ ppid, state }) => ppid === pid && state === 'alive',
    );
    const commands = await Promise.all(children.map((child) => context.commandOf(child.pid)));
    if (commands.some((command) => command?.includes(GUARDIAN) === true))
      return [ok('running: stops the servers if the daemon is killed')];
    return [
      problem('not running: if the daemon is killed, its servers keep running', 'mcp-watchdog restart'),
    ];
  },
};

/** ms; Prometheus scrapes every 15 s or every minute. */
const SCRAPED_WITHIN = 5 * 60_000;

export const scraped: Check = {
  id: 'scraped',
  title: 'Prometheus',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind !== 'running') return [unknown('no daemon to ask')];
    const { lastScrapeAt, listen, startedAt } = answer.status.daemon;
    const { now } = context;
    if (lastScrapeAt !== null && now - lastScrapeAt <= SCRAPED_WITHIN)
      return [ok(`/metrics was scraped ${ago(lastScrapeAt, now)}`)];
    if (lastScrapeAt === null && now - startedAt < SCRAPED_WITHIN)
      return [ok('/metrics was not scraped yet, the daemon has just started')];
    const since = lastScrapeAt === null ? 'since the daemon started' : `for ${span(now - lastScrapeAt)}`;
    const target = listen === null ? '' : new URL(listen).host;
    return [
      warning(
        `/metrics was not scraped ${since}`,
        `add ${target} to scrape_configs of Prometheus if you use it, else ignore this`,
      ),
    ];
  },
};

export const gaps: Check = {
  id: 'gaps',
  title: 'Gaps',
  async run(context) {
    const recent = (await context.journal()).filter(({ at }) => at > context.now - DAY);
    const found = recent.filter((entry) => entry.kind === 'gap');
    const of = (cause: string) => found.filter((gap) => gap.cause === cause);
    const sum = (cause: string) => of(cause).reduce((total, { duration }) => total + duration, 0);
    const findings: Finding[] = [];
    if (of('blocked').length > 0)
      findings.push(
        warning(
          `the daemon was blocked ${times(of('blocked').length)} in a day, for ${length(sum('blocked'))}`,
          'see what else uses CPU or disk at those times: mcp-watchdog logs',
        ),
      );
    if (of('sleep').length > 0)
      findings.push(
        ok(`the machine slept ${times(of('sleep').length)} in a day, for ${length(sum('sleep'))}`),
      );
    return orOk(findings, 'no sleep and no blocked daemon in a day');
  },
};

/** `once`, `3 times`. */
export function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

// Whether the daemon runs and answers, and what it says of itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolder } from '../../control/lock.ts';
import { findSocket } from '../../control/control-paths.ts';
import { isHealthy } from '../../core/status/health-summary.ts';
import { ago, latency, span } from '../../core/base/format.ts';
import type { Status } from '../../core/model/status.ts';
import { type Check, type Finding, ok, orOk, problem, unknown, warning } from '../check.ts';
import type { DoctorContext } from '../context.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** An idle daemon answers within a few. */
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
        warning(`is of release ${version}, this command of ${context.version}`, 'mcp-watchdog restart'),
      );
    return [
      ok(`running as pid ${pid} since ${span(context.now - startedAt)}, answered in ${latency(took)}`),
      ...findings,
      ...ownTroubles(status, context.now),
    ];
  },
};

function absence(context: DoctorContext): Finding[] {
  const holder = lockHolder(join(context.paths.run, 'lock'));
  if (holder === null) return [problem('not running', 'mcp-watchdog start'), ...staleSocket(context)];
  return [
    problem(`pid ${holder} holds the home, and cannot be reached`, `kill ${holder}, then mcp-watchdog start`),
  ];
}

function refusedConfig(loadedAt: number | null): Finding {
  const cure = 'mcp-watchdog config validate';
  return loadedAt === null
    ? problem('waits for a config that can be used', cure)
    : warning('refused the config as it is now, and goes on with the old one', cure);
}

function ownTroubles({ daemon }: Status, now: number): Finding[] {
  const { config, lastTickAt, lastPersistFailureAt } = daemon;
  const findings: Finding[] = [];
  if (!config.ok && config.error !== null) findings.push(refusedConfig(config.loadedAt));
  if (lastTickAt !== null && now - lastTickAt > STALLED)
    findings.push(
      problem(`has not looked at its servers for ${span(now - lastTickAt)}`, 'mcp-watchdog restart'),
    );
  if (lastPersistFailureAt !== null && now - lastPersistFailureAt < HOUR)
    findings.push(
      problem(
        `could not write its state ${ago(lastPersistFailureAt, now)}`,
        'make room on the disk; mcp-watchdog logs',
      ),
    );
  return findings;
}

/** The longest interval of sampling that makes sense, missed several times. */
const STALLED = 15 * 60_000;

function staleSocket({ paths }: DoctorContext): Finding[] {
  let path: string | null = null;
  try {
    path = findSocket(paths.socket);
  } catch {
    // The check of the home says what is wrong with it.
  }
  if (path === null || !existsSync(path)) return [];
  return [warning(`${path} was left by one that is gone`, 'mcp-watchdog start takes its place')];
}

export const servers: Check = {
  id: 'servers',
  title: 'Servers',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind !== 'running') return [unknown('no daemon to ask')];
    const { servers } = answer.status;
    const sick = servers.filter((server) => !isHealthy(server)).map(({ name }) => name);
    if (sick.length === 0)
      return [
        ok(
          servers.length === 1 ? 'the one is as it should be' : `all ${servers.length} are as they should be`,
        ),
      ];
    return [warning(`not as they should be: ${sick.join(', ')}`, `mcp-watchdog status ${sick[0] ?? ''}`)];
  },
};

/** The shell that ends our servers should we be killed; by the words of its script. */
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
      return [ok('ends the servers should the daemon be killed')];
    return [
      problem('not running: should the daemon be killed, its servers stay behind', 'mcp-watchdog restart'),
    ];
  },
};

/** Prometheus asks every 15 s or every minute; whoever has not for so long does not at all. */
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
      return [ok(`/metrics was read ${ago(lastScrapeAt, now)}`)];
    if (lastScrapeAt === null && now - startedAt < SCRAPED_WITHIN)
      return [ok('nobody has read /metrics yet, the daemon has just started')];
    const since = lastScrapeAt === null ? 'since the daemon started' : `for ${span(now - lastScrapeAt)}`;
    const target = listen === null ? '' : new URL(listen).host;
    return [
      warning(
        `nobody has read /metrics ${since}`,
        `add ${target} to scrape_configs of Prometheus, if you use it; else there is nothing to do`,
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
          `the daemon was blocked ${times(of('blocked').length)} in a day, for ${span(sum('blocked'))}`,
          'see what else uses the processor or the disk at those times: mcp-watchdog logs',
        ),
      );
    if (of('sleep').length > 0)
      findings.push(ok(`the machine slept ${times(of('sleep').length)} in a day, for ${span(sum('sleep'))}`));
    return orOk(findings, 'the machine has not slept in a day, and nothing blocked the daemon');
  },
};

export function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

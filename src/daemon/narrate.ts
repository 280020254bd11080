// What of the news is worth a line in the daemon's own log, and in which words.
import type { WatchdogEvent } from '../core/events.ts';
import { describeExit } from '../core/lifecycle.ts';
import type { Logger } from '../system/log.ts';

/** Fixed sentences, the facts beside them, so that lines group. */
export function narrate(event: WatchdogEvent, log: Logger): void {
  switch (event.kind) {
    case 'server-added':
      return log.info({ server: event.server, source: event.spec.source.kind }, 'Server configured');
    case 'server-changed':
      return log.info({ server: event.server }, 'Server settings changed');
    case 'server-removed':
      return log.info({ server: event.server }, 'Server removed');
    case 'spawned':
      return log.info(
        { server: event.server, run: event.run, pid: event.pid, version: event.version },
        'Server started',
      );
    case 'exited':
      return log.info(
        {
          server: event.server,
          run: event.run,
          how: describeExit(event),
          lastLines: event.lastLines.slice(-5),
        },
        'Server ended',
      );
    case 'restarted':
      return log.warn(
        { server: event.server, reason: event.reason, detail: event.detail },
        'Restarting server',
      );
    case 'start-failed':
      return log.warn({ server: event.server, ...event.failure }, 'Server did not start');
    case 'transition':
      return narrateTransition(event, log);
    case 'installed':
      return log.info(
        { server: event.server, package: event.package, version: event.version, took: event.took },
        'Package installed',
      );
    case 'using-installed':
      return log.warn(
        { server: event.server, version: event.version, why: event.why },
        'Using the installed version',
      );
    case 'handshake':
      return log.info(
        { server: event.server, run: event.run, ...event.handshake },
        'Server answered the handshake',
      );
    case 'limit':
      return log.warn(
        {
          server: event.server,
          resource: event.resource,
          level: event.level,
          value: event.value,
          limit: event.limit,
        },
        'Limit level changed',
      );
    case 'log-dropped':
      return log.warn(
        { server: event.server, lines: event.lines, bytes: event.bytes },
        'Server printed faster than is kept',
      );
    case 'gap':
      return log.warn({ cause: event.cause, duration: event.duration }, 'Time passed without us');
    case 'brake':
      return event.failing === 0
        ? log.info({ watched: event.watched }, 'Not everything fails any more: restarts are made again')
        : log.warn(
            { failing: event.failing, watched: event.watched },
            'Nearly everything fails at once: nobody is restarted for it',
          );
    case 'config-loaded':
      return event.ok
        ? log.info({ path: event.path }, 'Configuration loaded')
        : log.error({ path: event.path, error: event.error }, 'Configuration refused, the old one stays');
    case 'listening':
      return log.info({ url: event.url }, 'Listening');
    case 'state-persist-failed':
      return log.error({ error: event.error }, 'Cannot save the state');
    case 'reaped':
      return log.warn(
        { server: event.server, pid: event.pid, why: event.why },
        'Ended what an earlier daemon left',
      );
    case 'collected':
      return event.error === null
        ? undefined
        : log.warn({ collector: event.collector, error: event.error }, 'Collecting failed');
    case 'waiting':
      return log.info({ server: event.server, on: event.on }, 'Server waits for others');
    case 'orphan-reaped':
      return log.warn({ pid: event.pid, command: event.command }, 'Ended a server that nobody owned');
    case 'job':
      return event.error === null
        ? log.info({ job: event.job, took: event.took, said: event.said }, 'Job done')
        : log.error({ job: event.job, took: event.took, error: event.error }, 'Job failed');
    case 'alert':
      return log.warn(
        { alert: event.name, about: event.about, severity: event.severity, summary: event.summary },
        event.state === 'firing' ? 'Alert' : 'Alert is over',
      );
    case 'notified':
      return event.result === 'failed'
        ? log.error({ channel: event.channel, reason: event.reason, detail: event.detail }, 'Cannot notify')
        : log.debug({ ...event }, 'Event');
    case 'orphans':
    case 'scraped':
    case 'health':
    case 'probed':
    case 'sampled':
    case 'ticked':
    case 'install-progress':
      return log.debug({ ...event }, 'Event');
    default:
      return event satisfies never;
  }
}

function narrateTransition(event: WatchdogEvent & { kind: 'transition' }, log: Logger): void {
  const { server, to, from, cause } = event;
  if (to.phase === 'crash_looping') {
    return log.error(
      { server, attempt: to.run, nextAttemptAt: event.nextAttemptAt },
      'Server gave up: too many failures in too short a time',
    );
  }
  if (to.phase === 'stopping' && to.repeats === 1) {
    return log.error({ server }, 'Server cannot be ended: the system does not let its processes go');
  }
  if (from.phase === to.phase) return undefined;
  return log.info(
    { server, from: from.phase, to: to.phase, cause, delay: 'delay' in to ? to.delay : undefined },
    'Server moved on',
  );
}

// Which words in an event others wrote, so that the secrets in them can be taken out before people see it.
import type { EventOf, WatchdogEvent } from '../model/events.ts';
import type { Handshake, StartFailure } from '../model/observations.ts';
import type { ServerSpec } from '../model/server-spec.ts';
import type { UpdateCheck, UpdateMemory } from '../model/update.ts';

/**
 * `event` with everything scrubbed that a server, npm or the system worded. Kinds, states, names and numbers are our
 * own: they stay as they are, even where a secret happens to be the same word, because others compare them.
 */
export function scrubEvent(event: WatchdogEvent, scrub: (text: string) => string): WatchdogEvent {
  const maybe = (text: string | null): string | null => (text === null ? null : scrub(text));
  switch (event.kind) {
    case 'server-added':
    case 'server-changed':
      return { ...event, spec: scrubSpec(event.spec, scrub) };
    case 'exited':
      return { ...event, lastLines: event.lastLines.map((line) => scrub(line)) };
    case 'restarted':
      return { ...event, detail: maybe(event.detail) };
    case 'start-failed':
      return { ...event, failure: scrubFailure(event.failure, scrub) };
    case 'install-progress':
      return { ...event, line: scrub(event.line) };
    case 'using-installed':
      return { ...event, why: scrub(event.why) };
    case 'health':
      return { ...event, health: { ...event.health, detail: maybe(event.health.detail) } };
    case 'config-loaded':
    case 'collected':
      return { ...event, error: maybe(event.error) };
    default:
      return scrubAnswer(event, scrub);
  }
}

function scrubAnswer(event: WatchdogEvent, scrub: (text: string) => string): WatchdogEvent {
  switch (event.kind) {
    case 'handshake':
      return { ...event, handshake: scrubHandshake(event.handshake, scrub) };
    case 'probed':
      return event.result.outcome === 'passed'
        ? event
        : { ...event, result: { ...event.result, detail: scrub(event.result.detail) } };
    case 'state-persist-failed':
      return { ...event, error: scrub(event.error) };
    case 'orphan-reaped':
      return { ...event, command: scrub(event.command) };
    case 'job':
      return { ...event, said: scrub(event.said), error: event.error === null ? null : scrub(event.error) };
    case 'alert':
      return { ...event, summary: scrub(event.summary), ...scrubAnnotations(event, scrub) };
    case 'notified':
      return { ...event, detail: event.detail === null ? null : scrub(event.detail) };
    default:
      return scrubUpdate(event, scrub);
  }
}

function scrubHandshake(handshake: Handshake, scrub: (text: string) => string): Handshake {
  const { serverName, serverVersion } = handshake;
  return {
    ...handshake,
    serverName: serverName === null ? null : scrub(serverName),
    serverVersion: serverVersion === null ? null : scrub(serverVersion),
  };
}

/** Versions are what is compared; the words are those of npm, of a registry, or of a server that failed. */
function scrubUpdate(event: WatchdogEvent, scrub: (text: string) => string): WatchdogEvent {
  switch (event.kind) {
    case 'update-checked':
      return { ...event, outlook: scrubOutlook(event.outlook, scrub) };
    case 'update-moved': {
      const { detail } = event.progress;
      return { ...event, progress: { ...event.progress, detail: detail === null ? null : scrub(detail) } };
    }
    case 'update-settled':
      return { ...event, memory: scrubMemory(event.memory, scrub) };
    default:
      return event;
  }
}

function scrubOutlook(outlook: UpdateCheck, scrub: (text: string) => string): UpdateCheck {
  const { held, error } = outlook;
  return {
    ...outlook,
    held: held.map(({ version, reason, detail }) => ({ version, reason, detail: scrub(detail) })),
    error: error === null ? null : scrub(error),
  };
}

function scrubMemory(memory: UpdateMemory, scrub: (text: string) => string): UpdateMemory {
  const { bad, last } = memory;
  return {
    ...memory,
    bad: bad.map(({ version, reason, at }) => ({ version, reason: scrub(reason), at })),
    last: last === null ? null : { ...last, reason: last.reason === null ? null : scrub(last.reason) },
  };
}

// Labels are names of our own: others compare them.
function scrubAnnotations(
  { annotations }: EventOf<'alert'>,
  scrub: (text: string) => string,
): Pick<EventOf<'alert'>, 'annotations'> {
  if (annotations === undefined) return {};
  return {
    annotations: Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, scrub(text)])),
  };
}

function scrubFailure(failure: StartFailure, scrub: (text: string) => string): StartFailure {
  const { message, hint } = failure;
  return { ...failure, message: scrub(message), hint: hint === null ? null : scrub(hint) };
}

// A token may also be a part of a url's path.
function scrubSpec(spec: ServerSpec, scrub: (text: string) => string): ServerSpec {
  return spec.url === null ? spec : { ...spec, url: scrub(spec.url) };
}

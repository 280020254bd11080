// Page of the daemon: what it shows, who signs in, what they may do, and the silences that they make.
import { join } from 'node:path';
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { RequestHandlers } from '../../control/server.ts';
import { followLines } from '../../logs/follow-log.ts';
import { readServerLine } from '../../logs/log-entry.ts';
import { readLastLines } from '../../system/files/tail.ts';
import { systemClock } from '../../system/time/clock.ts';
import { truncate } from '../../core/base/text.ts';
import type { PageSource } from '../../web/api/page-source.ts';
import type { SessionRoutesOptions } from '../../web/session/add-session.ts';
import type { LogApiOptions, LogRequest, ShownLine } from '../../web/session/log-api.ts';
import { type OwnSilences, openSilenceBook } from '../alerts/silence-book.ts';
import type { DaemonContext } from '../context.ts';
import type { Projections } from '../home/projections.ts';
import { createPageActions } from './page-actions.ts';
import { openPageSessions, type PageSessions } from './page-sessions.ts';
import { openPageSource, type PageSourceParts } from './page-source.ts';

export interface Page {
  readonly source: PageSource;
  readonly sessions: PageSessions;
  readonly silences: OwnSilences;
  /** What the web server needs to let people sign in and act. @param users names of the web config, as of now */
  routes(options: {
    readonly isSecure: boolean;
    readonly users: () => readonly string[];
  }): SessionRoutesOptions;
  /** Acts through these handlers from here on. */
  use(handlers: RequestHandlers): void;
  setActors(actors: readonly string[]): void;
}

export interface PageParts extends Pick<PageSourceParts, 'clients' | 'tools'> {
  readonly settings: Pick<DaemonConfig, 'page'>;
  readonly front: Pick<Projections, 'status' | 'redactedBus' | 'lastAliveAt' | 'stateStore'>;
}

export function openPage(context: DaemonContext, { settings, front, ...asked }: PageParts): Page {
  const { paths, bus, log, teardown } = context;
  const clock = systemClock;
  const source = openPageSource({ context, clock, front, ...asked });
  const listen = (): string | null => front.status().daemon.listen;
  const sessions = openPageSessions({ folder: paths.run, clock, listen });
  teardown.add('sessions of the page', () => sessions.close());
  const silences = openSilenceBook({ stateStore: front.stateStore, bus, clock });
  let handlers: RequestHandlers | null = null;
  let { actors } = settings.page;
  const act = createPageActions({ bus, log, handlers: () => handlers });
  return {
    source,
    sessions,
    silences,
    routes: ({ isSecure, users }) => ({
      clock,
      sessions: sessions.sessions,
      isSecure,
      isAllowed: () => sessions.isAllowed(),
      actors: () => (users().length === 0 ? null : actors.filter((name) => users().includes(name))),
      act,
      log: openLogs(context, front),
      silences,
    }),
    use(next) {
      handlers = next;
    },
    setActors(next) {
      actors = next;
    },
  };
}

/** Characters of a line. */
const MAX_LINE = 4_000;

function openLogs(
  { paths, redactor }: Pick<DaemonContext, 'paths' | 'redactor'>,
  { status }: Pick<Projections, 'status'>,
): LogApiOptions['log'] {
  const shown = (line: string): ShownLine => {
    const { at, stream, text } = readServerLine(line);
    return { at, stream: stream ?? '', text: truncate(redactor.scrub(text), MAX_LINE) };
  };
  async function* lines(path: string, { last, isFollowed, signal }: LogRequest): AsyncGenerator<ShownLine> {
    const found = isFollowed
      ? followLines(path, { last, signal, clock: systemClock })
      : await readLastLines(path, last);
    for await (const line of found) yield shown(line);
  }
  return (server, request) => {
    // A name of the config: it names a file in the folder of logs and nothing else.
    const isKnown = status().servers.some(({ name }) => name === server);
    return isKnown ? lines(join(paths.serverLogs, `${server}.log`), request) : null;
  };
}

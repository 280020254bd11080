// Server's side of a router: what it asks of clients, what it tells them, and what we ask of it on behalf of all of them.
import { isObject } from '../../base/guards.ts';
import type { JsonObject } from '../../base/json-rpc.ts';
import type { Call } from './entries.ts';
import {
  isId,
  metaOf,
  noticeText,
  paramsOf,
  refusalText,
  REFUSALS,
  requestText,
  resultText,
} from '../messages.ts';
import type { ClientCapability, Era, GatewayAction, Introduction, KeptSession, RequestId } from '../model.ts';
import { passLog, passProgress, tellUpdated, type Audience } from './news.ts';
import type { Session } from './entries.ts';
import { applyEdits, membersOf, onOneLine } from '../splice.ts';
import { META, MODERN_VERSION } from '../translate.ts';

export interface ServerSideParts extends Audience {
  readonly emit: (...actions: readonly GatewayAction[]) => void;
}

/** A request of the server that a client has. */
interface Asked {
  readonly session: Session;
  readonly port: number;
  /** What the server calls it, and its token for progress. */
  readonly id: RequestId;
  readonly token: unknown;
}

const NEEDED: Readonly<Record<string, ClientCapability>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

/** Requests of a server that clients may have at a time. */
const MAX_ASKED = 1_000;

export interface ServerSide {
  readonly audience: Audience;
  /** What the server speaks; the legacy era until it is known. */
  readonly era: Era;
  /** Makes an id, unique among all processes of this server. */
  newKey(): string;
  /** Writes a message of ours, if the server runs. */
  write(text: string): void;
  /** The server runs: it is told again what clients had asked of its predecessor. */
  begin(run: number, introduction: Introduction): void;
  end(): void;
  /** Takes a request or notification of the server. */
  take(message: JsonObject, text: string, at: number): void;
  /** Notes the response to a request of ours. */
  noteOwnResponse(key: string): void;
  /** Passes a client's response on to the server, if the client was asked. */
  passReply(session: Session | null, message: JsonObject, text: string): void;
  passClientProgress(session: Session | null, message: JsonObject, text: string): void;
  /** Tells the server that nobody will answer what it asked of this session. */
  dropAsked(session: Session): void;
  restore(kept: KeptSession): void;
  /** Asks the server for log messages of the lowest level that any session wants. */
  tellLevel(): void;
  /** Whether any client but `except` is subscribed to the resource. */
  isWanted(uri: string, except: Session | null): boolean;
  addUris(uris: Iterable<string>): void;
  dropUris(uris: Iterable<string>): void;
  /** Asks a modern server for news again, after what is wanted has changed. */
  listen(): void;
}

export function createServerSide({ emit, ...audience }: ServerSideParts): ServerSide {
  const { sessions, calls, listeners } = audience;
  const asked = new Map<string, Asked>();
  let introduction: Introduction | null = null;
  let isUp = false;
  let run = 0;
  let count = 0;
  let listenKey: string | null = null;

  const newKey = (): string => `gw:${run}:${(count += 1)}`;
  const era = (): Era => introduction?.era ?? 'legacy';
  const offers = (name: string): boolean => isObject(introduction?.capabilities[name]);

  function write(text: string): void {
    if (isUp) emit({ kind: 'write', text, key: null });
  }

  function isWanted(uri: string, except: Session | null): boolean {
    return sessions.isSubscribed(uri, except) || [...listeners.values()].some(({ uris }) => uris.has(uri));
  }

  function wantedUris(): ReadonlySet<string> {
    const uris = new Set<string>();
    for (const one of [...sessions.values(), ...listeners.values()])
      for (const uri of one.uris) uris.add(uri);
    return uris;
  }

  function askFor(method: 'resources/subscribe' | 'resources/unsubscribe', uris: Iterable<string>): void {
    if (era() === 'modern') return listen();
    for (const uri of uris) write(requestText(newKey(), method, { uri }));
  }

  function listen(): void {
    if (!isUp || era() !== 'modern') return;
    if (listenKey !== null) write(noticeText('notifications/cancelled', { requestId: listenKey }));
    listenKey = newKey();
    write(requestText(listenKey, 'subscriptions/listen', ownListen()));
  }

  function ownListen(): JsonObject {
    const uris = [...wantedUris()];
    const lists = ['tools', 'prompts', 'resources'].filter((list) => offers(list));
    return {
      notifications: {
        ...Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true])),
        ...(uris.length > 0 && { resourceSubscriptions: uris }),
      },
      _meta: { [META.version]: MODERN_VERSION, [META.capabilities]: {} },
    };
  }

  function tellLevel(): void {
    const level = sessions.lowestLevel;
    if (level !== null && era() === 'legacy' && offers('logging'))
      write(requestText(newKey(), 'logging/setLevel', { level }));
  }

  /** A pipe does not say on whose behalf a server asks: that is known only when one session has calls under way. */
  function askClient(id: RequestId, message: JsonObject, text: string): void {
    const capability = NEEDED[String(message['method'])];
    const call = onlySession(calls.sent.values());
    const able = call?.session?.facts.capabilities.some((name) => name === capability) === true;
    if (!able || call.session === null || asked.size >= MAX_ASKED)
      return write(
        refusalText(id, call === null && calls.sent.size > 0 ? UNKNOWN_CLIENT : REFUSALS.unknownMethod),
      );
    const key = newKey();
    const { session, port } = call;
    asked.set(key, { session, port, id, token: metaOf(message)['progressToken'] });
    call.heardAt = Math.max(call.heardAt, session.seenAt);
    emit({ kind: 'send', port, text: withId(message, text, key), isLast: false, code: null });
  }

  /** Withdraws a request from the client that has it. */
  function withdraw(key: string, { session, port }: Asked, reason: string): void {
    asked.delete(key);
    const text = noticeText('notifications/cancelled', { requestId: key, reason });
    if (calls.atPort(port) === undefined) emit({ kind: 'tell', session: session.id, text });
    else emit({ kind: 'send', port, text, isLast: false, code: null });
  }

  function takeNotification(method: string, message: JsonObject, text: string, at: number): void {
    switch (method) {
      case 'notifications/progress':
        return emit(...passProgress(audience, message, text, at));
      case 'notifications/message':
        return emit(...passLog(audience, message, text));
      case 'notifications/resources/updated': {
        const { uri } = paramsOf(message);
        return typeof uri === 'string' ? emit(...tellUpdated(audience, uri)) : undefined;
      }
      case 'notifications/cancelled': {
        const { requestId, reason } = paramsOf(message);
        const why = typeof reason === 'string' ? reason : 'The server no longer needs it';
        for (const [key, one] of asked) if (one.id === requestId) withdraw(key, one, why);
        return;
      }
      default:
      // Lists that changed are told once they were read again; what is not known is addressed to nobody.
    }
  }

  return {
    audience,
    get era() {
      return era();
    },
    newKey,
    write,
    begin(ownRun, told) {
      run = ownRun;
      introduction = told;
      isUp = true;
      listenKey = null;
      tellLevel();
      askFor('resources/subscribe', wantedUris());
    },
    end() {
      isUp = false;
      for (const [key, one] of asked) withdraw(key, one, 'The server was restarted');
    },
    take(message, text, at) {
      const { id, method } = message;
      if (isId(id) && method === 'ping') write(resultText(id, {}));
      else if (isId(id)) askClient(id, message, text);
      else takeNotification(String(method), message, text, at);
    },
    noteOwnResponse(key) {
      if (key === listenKey) listenKey = null;
    },
    passReply(session, message, text) {
      const key = String(message['id']);
      const one = asked.get(key);
      if (one === undefined || one.session !== session) return;
      asked.delete(key);
      write(withId(message, text, one.id));
    },
    passClientProgress(session, message, text) {
      const { progressToken } = paramsOf(message);
      const isExpected = [...asked.values()].some(
        (one) => one.session === session && one.token === progressToken,
      );
      if (isExpected && isId(progressToken)) write(onOneLine(text));
    },
    dropAsked(session) {
      for (const [key, one] of asked) {
        if (one.session !== session) continue;
        asked.delete(key);
        write(refusalText(one.id, { ...UNKNOWN_CLIENT, code: -32_000, message: 'The client is gone' }));
      }
    },
    restore({ level, uris }) {
      if (level !== null) tellLevel();
      if (uris.length > 0) askFor('resources/subscribe', uris);
    },
    tellLevel,
    isWanted,
    addUris(uris) {
      const list = [...uris];
      if (list.length > 0) askFor('resources/subscribe', list);
    },
    dropUris(uris) {
      const unwanted = [...uris].filter((uri) => !isWanted(uri, null));
      if (unwanted.length > 0) askFor('resources/unsubscribe', unwanted);
    },
    listen,
  };
}

const UNKNOWN_CLIENT = {
  ...REFUSALS.unknownMethod,
  message: 'Which client is meant is not known',
};

/** Returns a call of the session that alone has calls under way; null when there are several, or none. */
function onlySession(calls: Iterable<Call>): Call | null {
  let only: Call | null = null;
  for (const call of calls) {
    if (call.session === null || call.era === 'modern' || (only !== null && only.session !== call.session))
      return null;
    if (only === null || only.abandonedAt !== null) only = call;
  }
  return only?.abandonedAt === null ? only : null;
}

function withId(message: JsonObject, text: string, id: RequestId): string {
  const span = membersOf(text)?.get('id');
  if (span === undefined) return JSON.stringify({ ...message, id });
  return onOneLine(applyEdits(text, [{ ...span, text: JSON.stringify(id) }]));
}

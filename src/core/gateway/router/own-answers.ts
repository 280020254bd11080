// Answers that need no server: greetings, streams of news, log levels, and subscriptions that somebody has already.
import { isObject } from '../../base/guards.ts';
import type { JsonObject } from '../../base/json-rpc.ts';
import type { Call } from './entries.ts';
import { paramsOf, REFUSALS, type Refusal } from '../messages.ts';
import type { Introduction } from '../model.ts';
import { acknowledgement, listenerOf, type Listener } from './news.ts';
import type { ServerSide } from './server-side.ts';
import { MAX_URIS } from './sessions.ts';
import type { Session } from './entries.ts';
import { discoverResult, initializeResult, offeredCapabilities, severityOf } from '../translate.ts';

/** `none`: the server has to answer. `stream`: `text` is the first message of a stream that stays open. */
type OwnAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  | { readonly kind: 'stream'; readonly text: string };

export type OwnAnswers = (call: Call, introduction: Introduction | null) => OwnAnswer;

export interface OwnAnswerParts {
  readonly listeners: Map<number, Listener>;
  readonly server: ServerSide;
  /** Called when a session's level or subscriptions have changed. */
  readonly onKeep: (session: Session) => void;
}

const NONE: OwnAnswer = { kind: 'none' };
const EMPTY: OwnAnswer = { kind: 'result', result: {} };

/** @returns a function that answers with what the server once said of itself; null is not known yet */
export function createOwnAnswers({ listeners, server, onKeep }: OwnAnswerParts): OwnAnswers {
  function setLevel({ message, era, session }: Call, { capabilities }: Introduction): OwnAnswer {
    const level = severityOf(paramsOf(message)['level']);
    if (era === 'modern' || session === null || level < 0 || !isObject(capabilities['logging'])) return NONE;
    session.level = level;
    onKeep(session);
    server.tellLevel();
    return EMPTY;
  }

  function subscribe({ message, session }: Call, { era }: Introduction): OwnAnswer {
    const { uri } = paramsOf(message);
    if (session === null || typeof uri !== 'string') return NONE;
    if (!session.uris.has(uri) && session.uris.size >= MAX_URIS)
      return { kind: 'refusal', refusal: REFUSALS.busy(`A session may have ${MAX_URIS} subscriptions`) };
    // The first subscription is the server's to confirm.
    if (era === 'legacy' && !server.isWanted(uri, session)) return NONE;
    session.uris.add(uri);
    onKeep(session);
    if (era === 'modern') server.listen();
    return EMPTY;
  }

  function unsubscribe({ message, session }: Call, { era }: Introduction): OwnAnswer {
    const { uri } = paramsOf(message);
    if (session === null || typeof uri !== 'string') return NONE;
    if (session.uris.delete(uri)) onKeep(session);
    if (era === 'modern') server.listen();
    return era === 'legacy' && !server.isWanted(uri, session) ? NONE : EMPTY;
  }

  function listen(call: Call, introduction: Introduction): OwnAnswer {
    const listener = listenerOf(call, offeredCapabilities(introduction));
    listeners.set(call.port, listener);
    server.addUris(listener.uris);
    return { kind: 'stream', text: acknowledgement(listener) };
  }

  return (call, introduction) => {
    if (call.method === 'ping') return EMPTY;
    if (introduction === null) return NONE;
    switch (call.method) {
      case 'initialize': {
        const result = initializeResult(introduction, paramsOf(call.message)['protocolVersion']);
        return { kind: 'result', result };
      }
      case 'server/discover':
        return { kind: 'result', result: discoverResult(introduction) };
      case 'subscriptions/listen':
        return listen(call, introduction);
      case 'logging/setLevel':
        return setLevel(call, introduction);
      case 'resources/subscribe':
        return subscribe(call, introduction);
      case 'resources/unsubscribe':
        return unsubscribe(call, introduction);
      default:
        return NONE;
    }
  };
}

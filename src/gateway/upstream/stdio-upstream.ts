// Upstream over a server's pipe: clients' messages go out as they are, what the server sends comes back with its text.
import { REFUSALS, refusalText } from '../../core/gateway/messages.ts';
import type { ListName } from '../../core/gateway/model.ts';
import { readResponse } from '../../core/gateway/read-response.ts';
import type { JsonObject } from '../../core/base/json-rpc.ts';
import type { Connection } from '../../wire/connection.ts';
import type { PeerInfo } from '../../wire/handshake.ts';

export interface UpstreamEvents {
  readonly onHandshake: (peer: PeerInfo) => void;
  /** The server sent a message that is for clients. */
  readonly onMessage: (message: JsonObject, text: string) => void;
  /** The server says that a list has changed. */
  readonly onListChanged: (list: ListName) => void;
}

/** `full`: the server does not read. `gone`: it never will. */
export type WriteResult = 'written' | 'full' | 'gone';

export interface Upstream {
  write(text: string): WriteResult;
  /** Stops listening; the connection belongs to others. */
  close(): void;
}

const LIST_CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/;

export function openStdioUpstream(connection: Connection, events: UpstreamEvents): Upstream {
  const unsubscribe = connection.subscribe({
    onHandshake: events.onHandshake,
    onNotification({ method, params }, text) {
      const list = LIST_CHANGED.exec(method)?.[1];
      if (list === 'tools' || list === 'prompts' || list === 'resources') events.onListChanged(list);
      else events.onMessage({ jsonrpc: '2.0', method, params }, text);
    },
    onRequest({ id, method, params }, text) {
      events.onMessage({ jsonrpc: '2.0', id, method, params }, text);
      return true;
    },
    onForeignResponse(response) {
      const text = response.text();
      const message = readResponse(text, text.length < MAX_FILTERED);
      if (message !== null) return events.onMessage(message, text);
      // Whoever waits for it must not wait for ever.
      const refusal = refusalText(response.id, {
        ...REFUSALS.wantsInput,
        message: 'The answer is not valid JSON',
      });
      events.onMessage(readResponse(refusal) ?? {}, refusal);
    },
  });
  if (connection.peer !== null) events.onHandshake(connection.peer);
  return {
    write(text) {
      if (connection.send(text)) return 'written';
      return connection.isClosed ? 'gone' : 'full';
    },
    close: unsubscribe,
  };
}

/** Responses up to this length are parsed whole, as lists have to be that are filtered; characters. */
const MAX_FILTERED = 1024 * 1024;

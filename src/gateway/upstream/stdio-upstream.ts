// Upstream over a server's pipe: clients' messages go out as they are, what the server sends comes back with its text.
import { REFUSALS, refusalText } from '../../core/gateway/messages.ts';
import { readResponse } from '../../core/gateway/read-response.ts';
import type { Connection } from '../../wire/connection.ts';
import { changedList, type Upstream, type UpstreamEvents } from './upstream.ts';

export function openStdioUpstream(connection: Connection, events: UpstreamEvents): Upstream {
  const unsubscribe = connection.subscribe({
    onHandshake: events.onHandshake,
    onNotification({ method, params }, text) {
      const list = changedList(method);
      if (list !== null) events.onListChanged(list);
      else events.onMessage({ jsonrpc: '2.0', method, params }, text);
    },
    onRequest({ id, method, params }, text) {
      events.onMessage({ jsonrpc: '2.0', id, method, params }, text);
      return true;
    },
    onForeignResponse(response) {
      const text = response.text();
      const message = response.message ?? readResponse(text, text.length < MAX_FILTERED);
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

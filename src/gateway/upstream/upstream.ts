// Upstream of a router: the way to its server, over a pipe or over HTTP.
import type { JsonObject } from '../../core/base/json-rpc.ts';
import type { ListName } from '../../core/gateway/model.ts';
import type { PeerInfo } from '../../wire/handshake.ts';

export interface UpstreamEvents {
  readonly onHandshake: (peer: PeerInfo) => void;
  /** The server sent a message that is for clients. */
  readonly onMessage: (message: JsonObject, text: string) => void;
  /** The server says that a list has changed. */
  readonly onListChanged: (list: ListName) => void;
  /** No answer will come to this request: its connection broke, though the server may live. */
  readonly onBroken: (key: string) => void;
}

/** `full`: the server does not read. `gone`: it never will. */
export type WriteResult = 'written' | 'full' | 'gone';

export interface Upstream {
  /** @param key id of a request that a client waits for, else null */
  write(text: string, key: string | null): WriteResult;
  /** Lets go of the server. */
  close(): void;
}

/** Returns the list that a notification says has changed; null for any other. */
export function changedList(method: string): ListName | null {
  const list = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method)?.[1];
  return list === 'tools' || list === 'prompts' || list === 'resources' ? list : null;
}

// Response of a server to a message that some user of its channel sent as it was.
import { parseMessages, type JsonObject, type RpcResponse } from '../core/base/json-rpc.ts';

/** A long one is not parsed before somebody needs it. */
export interface ForeignResponse {
  readonly id: string | number;
  /** The response itself, where it was short; null for one that nobody has parsed yet. */
  readonly message: JsonObject | null;
  /** Returns its text as it came; of an answer that was refused, an error in its place. Not yet known to be valid JSON. */
  text(): string;
  /** Parses it, which takes a second for a million values; null when it is no JSON-RPC after all. */
  read(): RpcResponse | null;
}

/** Makes the response that nobody has parsed yet. */
export function unparsedResponse(id: string | number, text: () => string): ForeignResponse {
  return { id, message: null, text, read: () => responseIn(text()) };
}

/** A short one, parsed as it came: nearly all are. */
export class ParsedResponse implements ForeignResponse {
  readonly id: string;
  readonly message: JsonObject;
  readonly #text: string;

  constructor(id: string, message: JsonObject, text: string) {
    this.id = id;
    this.message = message;
    this.#text = text;
  }

  text(): string {
    return this.#text;
  }

  read(): RpcResponse | null {
    return responseIn(this.#text);
  }
}

function responseIn(text: string): RpcResponse | null {
  const [message] = parseMessages(text);
  return message?.kind === 'result' || message?.kind === 'error' ? message : null;
}

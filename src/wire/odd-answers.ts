// Answers to requests of ours that are no answers: without a result, with one of another type, or to another id.
import { isObject, parseJson } from '../core/base/guards.ts';
import { quote } from './call.ts';

/** Says what is wrong with an answer of ours that is no JSON-RPC response, in a sentence; null for what is not even a message. */
export function oddAnswer(method: string, text: string): string | null {
  const message = parseJson(text);
  if (!isObject(message) || message['jsonrpc'] !== '2.0') return null;
  const { result, error } = message;
  if (error !== undefined && error !== null)
    return `It answered ${method} with an error that is none, an object with a number as its code: ${shown(error)}`;
  if (result === undefined || result === null) return `It answered ${method} without a result`;
  return `It answered ${method} with a result that is no object: ${shown(result)}`;
}

/**
 * Says that what came is an answer to a handshake under an id that nobody used, in a sentence; null for any other answer.
 * A handshake is alone on its channel, and nothing else is answered with a protocol version.
 */
export function misdirected(method: string, bytes: Buffer): string | null {
  if (method !== 'initialize' && method !== 'server/discover') return null;
  const message = parseJson(bytes.toString('utf8'));
  if (!isObject(message)) return null;
  const { id = null, result, error } = message;
  const where =
    id === null
      ? 'without an id'
      : `to id ${shown(id)}, which nobody asked: an answer repeats the id of its request`;
  if (isObject(result) && ('protocolVersion' in result || 'supportedVersions' in result))
    return `It answered ${method}, but ${where}`;
  if (id !== null || !isObject(error)) return null;
  return `It answered ${method} ${where}: error ${shown(error['code'])} ${shown(error['message'])}`;
}

/** As JSON, made safe to print; long ones are cut. */
function shown(value: unknown): string {
  return quote(JSON.stringify(value) ?? 'nothing');
}

/** Says the same of a body that answers one POST, whatever the method: nobody else's answer can be there. Null for what is no message. */
export function oddBody(method: string, id: string, body: string): string | null {
  const message = parseJson(body);
  if (!isObject(message) || message['jsonrpc'] !== '2.0') return null;
  const { id: named = null } = message;
  if (named === id) return oddAnswer(method, body);
  if (isObject(message['result']) && named !== null)
    return `It answered ${method}, but to id ${shown(named)}, which nobody asked: an answer repeats the id of its request`;
  return null;
}

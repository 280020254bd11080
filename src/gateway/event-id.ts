// Ids of the events of a stream: they say which daemon sent them, on which stream, and which request that stream answers.
import type { RequestId } from '../core/gateway/model.ts';
import { parseJson } from '../core/base/guards.ts';

export interface EventId {
  /** Of the daemon: another one knows nothing of the stream. */
  readonly boot: string;
  /** 0 for the session's own stream. */
  readonly stream: number;
  readonly number: number;
  /** Null for the session's own stream, and for ids too long to be repeated. */
  readonly request: RequestId | null;
}

/** Longest id of a request that is repeated, characters of JSON. */
const LONGEST_REQUEST = 64;

export function writeEventId({ boot, stream, number, request }: EventId): string {
  const json = request === null ? '' : JSON.stringify(request);
  const suffix =
    json === '' || json.length > LONGEST_REQUEST ? '' : `-${Buffer.from(json).toString('base64url')}`;
  return `${boot}-${stream}-${number}${suffix}`;
}

/** Null for what is no id of ours. */
export function readEventId(text: string | undefined): EventId | null {
  const [, boot, stream, number, suffix] =
    /^([\da-f]{8})-(\d{1,15})-(\d{1,15})(?:-([\w-]{1,400}))?$/u.exec(text ?? '') ?? [];
  if (boot === undefined) return null;
  const request = suffix === undefined ? null : parseJson(Buffer.from(suffix, 'base64url').toString());
  const isKnown = typeof request === 'string' || typeof request === 'number';
  return { boot, stream: Number(stream), number: Number(number), request: isKnown ? request : null };
}

// News of a server for its clients: log messages, progress, changed lists and resources, and who gets them.
import { isObject } from '../../base/guards.ts';
import type { JsonObject } from '../../base/json-rpc.ts';
import type { CallTable } from './calls.ts';
import type { Call } from './entries.ts';
import { metaOf, noticeText, paramsOf } from '../messages.ts';
import type { ClientAction, ListName, RequestId } from '../model.ts';
import type { SessionTable } from './sessions.ts';
import { replaceOnly } from '../splice.ts';
import { META, severityOf } from '../translate.ts';

/** An open `subscriptions/listen` request: a modern client's stream of news. */
export interface Listener {
  readonly call: Call;
  readonly lists: ReadonlySet<ListName>;
  readonly uris: ReadonlySet<string>;
}

/** Who could be told. */
export interface Audience {
  readonly sessions: SessionTable;
  readonly calls: CallTable;
  readonly listeners: ReadonlyMap<number, Listener>;
}

/** Passes on progress to the call that it is about, and counts as a sign of life of that call. */
export function passProgress(
  { calls }: Audience,
  message: JsonObject,
  text: string,
  at: number,
): ClientAction[] {
  const key = paramsOf(message)['progressToken'];
  const call = calls.sent.get(String(key));
  if (call === undefined) return [];
  call.heardAt = at;
  if (call.token === null || call.abandonedAt !== null) return [];
  const token = JSON.stringify(call.token);
  const renamed =
    replaceOnly(text, 'progressToken', String(key), token) ??
    JSON.stringify({ ...message, params: { ...paramsOf(message), progressToken: call.token } });
  return [sendNotice(call.port, renamed)];
}

/** Passes on a log message: during the only call under way it is about that call, else it is for all who asked for its level. */
export function passLog({ sessions, calls }: Audience, message: JsonObject, text: string): ClientAction[] {
  const severity = severityOf(paramsOf(message)['level']);
  const only = calls.sent.size === 1 ? [...calls.sent.values()][0] : undefined;
  if (only?.era === 'modern') {
    const wanted = severityOf(metaOf(only.message)[META.level]);
    return wanted >= 0 && severity >= wanted ? [sendNotice(only.port, text)] : [];
  }
  const actions: ClientAction[] = [];
  for (const session of sessions.values()) {
    if (severity < session.level || (session.level < 0 && only?.session !== session)) continue;
    const isAboutCall = only?.session === session && only.abandonedAt === null;
    actions.push(isAboutCall ? sendNotice(only.port, text) : { kind: 'tell', session: session.id, text });
  }
  return actions;
}

export function tellUpdated({ sessions, listeners }: Audience, uri: string): ClientAction[] {
  const method = 'notifications/resources/updated';
  const actions: ClientAction[] = [];
  const text = noticeText(method, { uri });
  for (const { id, uris } of sessions.values())
    if (uris.has(uri)) actions.push({ kind: 'tell', session: id, text });
  for (const { call, uris } of listeners.values())
    if (uris.has(uri))
      actions.push(sendNotice(call.port, noticeText(method, { uri, ...subscriptionMeta(call.id) })));
  return actions;
}

export function tellListChanged({ sessions, listeners }: Audience, list: ListName): ClientAction[] {
  const method = `notifications/${list}/list_changed`;
  const actions: ClientAction[] = [];
  const text = noticeText(method);
  for (const { id } of sessions.values()) actions.push({ kind: 'tell', session: id, text });
  for (const { call, lists } of listeners.values())
    if (lists.has(list)) actions.push(sendNotice(call.port, noticeText(method, subscriptionMeta(call.id))));
  return actions;
}

/** Reads what a listener asks for, as far as the server can give it. */
export function listenerOf(call: Call, offered: JsonObject): Listener {
  const { notifications } = paramsOf(call.message);
  const wanted = isObject(notifications) ? notifications : {};
  const lists = (['tools', 'prompts', 'resources'] as const).filter(
    (list) => wanted[`${list}ListChanged`] === true && isObject(offered[list]),
  );
  const asked = wanted['resourceSubscriptions'];
  const { resources } = offered;
  const canSubscribe = isObject(resources) && resources['subscribe'] === true;
  const uris = canSubscribe && Array.isArray(asked) ? asked.filter((uri) => typeof uri === 'string') : [];
  return { call, lists: new Set(lists), uris: new Set(uris) };
}

/** Makes the first message of a listener's stream: what of its wishes is granted. */
export function acknowledgement({ call, lists, uris }: Listener): string {
  return noticeText('notifications/subscriptions/acknowledged', {
    ...subscriptionMeta(call.id),
    notifications: {
      ...Object.fromEntries([...lists].map((list) => [`${list}ListChanged`, true])),
      ...(uris.size > 0 && { resourceSubscriptions: [...uris] }),
    },
  });
}

export function subscriptionMeta(id: RequestId): JsonObject {
  return { _meta: { [META.subscription]: id } };
}

function sendNotice(port: number, text: string): ClientAction {
  return { kind: 'send', port, text, isLast: false, code: null };
}

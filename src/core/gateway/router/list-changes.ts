// Changes of a server's lists, told to each session once: at once, or when it comes back.
import type { JsonObject } from '../../base/json-rpc.ts';
import { nameOf, noticeText, paramsOf } from '../messages.ts';
import type { GatewayAction, ListName } from '../model.ts';
import type { Session } from './entries.ts';
import { tellListChanged, type Audience } from './news.ts';

export interface ListChanges {
  /** These lists differ from the ones last seen. */
  note(lists: readonly ListName[]): void;
  /** Notes the first message of a session. One that is no greeting has come back: it may have missed that lists changed. */
  greet(session: Session, method: string, message: JsonObject): void;
}

export function createListChanges(audience: Audience, emit: (action: GatewayAction) => void): ListChanges {
  const changed = new Set<ListName>();
  return {
    note(lists) {
      for (const list of lists) {
        changed.add(list);
        for (const action of tellListChanged(audience, list)) emit(action);
      }
    },
    greet(session, method, message) {
      const isBack = !session.hasSpoken && method !== 'initialize';
      session.hasSpoken = true;
      if (method === 'initialize') session.client = nameOf(paramsOf(message)['clientInfo']);
      if (!isBack) return;
      for (const list of changed)
        emit({ kind: 'tell', session: session.id, text: noticeText(`notifications/${list}/list_changed`) });
    },
  };
}

// Router of one server: gives each client's messages to the server and each answer to its client. A pure state machine.
import { isObject } from '../../base/guards.ts';
import type { JsonObject } from '../../base/json-rpc.ts';
import { CallTable, exchangeOf, newCall } from './calls.ts';
import type { Call, Session } from './entries.ts';
import {
  REFUSALS,
  codeIn,
  errorOf,
  isId,
  nameOf,
  noticeText,
  paramsOf,
  refusalText,
  resultText,
  type Refusal,
} from '../messages.ts';
import type {
  Availability,
  ClientEvent,
  ExchangeError,
  GatewayAction,
  GatewayEvent,
  GatewayLimits,
  GatewayLoad,
  Introduction,
  ListName,
  ServerEvent,
  ToolRules,
} from '../model.ts';
import { subscriptionMeta, tellListChanged, type Listener } from './news.ts';
import { createOwnAnswers, type OwnAnswers } from './own-answers.ts';
import { createReplayJudge } from './replay.ts';
import { STOPPING, refusalWhile, withoutHidden } from './rules.ts';
import { createServerSide, type ServerSide } from './server-side.ts';
import { SessionTable, keptOf } from './sessions.ts';
import { isMethodOf, levelOf, modernResult, requestFor, responseFor } from '../translate.ts';

/** How long a call that was cancelled is kept for an answer that SDK servers never send, ms. */
const ABANDONED_TIMEOUT = 30_000;

type EventOf<Kind extends GatewayEvent['kind']> = Extract<GatewayEvent, { kind: Kind }>;

/** Tables are changed in place, for a copy per message would cost as much as all calls; equal events bring equal actions. */
export class Router {
  #limits: GatewayLimits;
  #rules: ToolRules;
  readonly #sessions = new SessionTable();
  readonly #calls = new CallTable();
  readonly #listeners = new Map<number, Listener>();
  readonly #judge = createReplayJudge();
  readonly #server: ServerSide;
  readonly #ownAnswer: OwnAnswers;
  readonly #changed = new Set<ListName>();
  #introduction: Introduction | null = null;
  #availability: Availability = { kind: 'coming' };
  #state: 'up' | 'leaving' | 'down' | 'ending' = 'down';
  #actions: GatewayAction[] = [];

  constructor(limits: GatewayLimits, rules: ToolRules) {
    this.#limits = limits;
    this.#rules = rules;
    const audience = { sessions: this.#sessions, calls: this.#calls, listeners: this.#listeners };
    this.#server = createServerSide({
      ...audience,
      emit: (...actions) => void this.#actions.push(...actions),
    });
    this.#ownAnswer = createOwnAnswers({
      listeners: this.#listeners,
      server: this.#server,
      onKeep: (session) => this.#keep(session),
    });
  }

  get load(): GatewayLoad {
    return {
      sessions: this.#sessions.size,
      inFlight: this.#calls.sent.size,
      queued: this.#calls.queue.size,
      listeners: this.#listeners.size,
    };
  }

  /** Whether a session waits for news of a resource: only a server that runs has such. */
  get hasSubscriptions(): boolean {
    for (const { uris } of this.#sessions.values()) if (uris.size > 0) return true;
    return false;
  }

  /** When the oldest call that the server has not answered was sent, ms of the monotonic clock; null for none. */
  get oldestCall(): number | null {
    let oldest: number | null = null;
    for (const { sentAt } of this.#calls.sent.values())
      if (oldest === null || sentAt < oldest) oldest = sentAt;
    return oldest;
  }

  knows(session: string): boolean {
    return this.#sessions.has(session);
  }

  /** Handles one event and returns what is to be done, in this order. */
  take(event: GatewayEvent): readonly GatewayAction[] {
    this.#actions = [];
    if (isClientEvent(event)) this.#takeFromClient(event);
    else this.#takeFromServer(event);
    return this.#actions;
  }

  #takeFromClient(event: ClientEvent): void {
    switch (event.kind) {
      case 'said':
        return this.#hear(event);
      case 'left':
        return this.#leave(event);
      case 'opened':
        return this.#open(event);
      case 'closed':
        return this.#close(event.session, event.at);
      default:
        event satisfies never;
    }
  }

  #takeFromServer(event: ServerEvent): void {
    switch (event.kind) {
      case 'answered':
        return this.#answer(event);
      case 'ready':
        return this.#ready(event);
      case 'known':
        this.#introduction ??= event.introduction;
        return;
      case 'rules':
        this.#rules = event.rules;
        return;
      case 'limits':
        this.#limits = event.limits;
        return;
      case 'changed':
        return this.#noteChanged(event.lists);
      case 'leaving':
        if (this.#state === 'up') this.#state = 'leaving';
        return;
      case 'lost':
        return this.#lose(event.at);
      case 'broken':
        return this.#break(event);
      case 'refused':
        return this.#refuseUnsent(event);
      case 'availability':
        return this.#setAvailability(event);
      case 'ending':
        return this.#end(event.at);
      case 'tick':
        return this.#tick(event.at);
      default:
        event satisfies never;
    }
  }

  // From clients.

  #open({ session, facts, at, kept }: EventOf<'opened'>): void {
    this.#sessions.open(session, facts, at, kept);
    const { sessions: most, sessionIdle: idle } = this.#limits;
    if (this.#sessions.size > most) this.#forgetExpired({ most, idle, at, except: session });
    if (kept !== undefined && this.#state === 'up') this.#server.restore(kept);
  }

  #hear(event: EventOf<'said'>): void {
    const { at, session: id, message, text } = event;
    const session = id === null ? null : this.#sessions.touch(id, at);
    const { method } = message;
    if (typeof method !== 'string') return this.#server.passReply(session, message, text);
    if (session !== null) this.#notePresence(session, method, message);
    const { id: requestId } = message;
    if (isId(requestId)) return this.#request(newCall(event, session, { id: requestId, method }));
    if (method === 'notifications/cancelled' && session !== null) this.#cancel(session, message, at);
    // `initialized` was said by us; a server that was promised no roots need not hear that they changed.
    if (method === 'notifications/progress') this.#server.passClientProgress(session, message, text);
  }

  /** A session whose first message is no greeting has come back: it may have missed that lists changed. */
  #notePresence(session: Session, method: string, message: JsonObject): void {
    const isBack = !session.hasSpoken && method !== 'initialize';
    session.hasSpoken = true;
    if (method === 'initialize') session.client = nameOf(paramsOf(message)['clientInfo']);
    if (!isBack) return;
    for (const list of this.#changed)
      this.#actions.push({
        kind: 'tell',
        session: session.id,
        text: noticeText(`notifications/${list}/list_changed`),
      });
  }

  #request(call: Call): void {
    const refusal = this.#refusalOf(call);
    if (refusal !== null) return this.#refuse(call, refusal, call.since);
    if (!this.#answerOurselves(call, call.since)) this.#admit(call);
  }

  #refusalOf({ session, id, era, method, subject }: Call): Refusal | null {
    if (session?.calls.has(id) === true) return REFUSALS.idUnderWay;
    if (!isMethodOf(era, method)) return REFUSALS.unknownMethod;
    if (method === 'tools/call' && subject !== null && !this.#rules.mayCall(subject))
      return REFUSALS.unknownTool(subject);
    if (this.#calls.size >= this.#limits.calls) return REFUSALS.busy('Too many requests are under way');
    return null;
  }

  #answerOurselves(call: Call, at: number): boolean {
    const answer = this.#ownAnswer(call, this.#introduction);
    switch (answer.kind) {
      case 'none':
        return this.#answerFromMemory(call, at);
      case 'result':
        this.#conclude(call, at, '', resultText(call.id, answer.result));
        return true;
      case 'refusal':
        this.#refuse(call, answer.refusal, at);
        return true;
      case 'stream':
        this.#calls.remove(call, at);
        call.session?.calls.set(call.id, call);
        this.#send(call.port, answer.text, { isLast: false });
        return true;
      default:
        return answer satisfies never;
    }
  }

  /** Answers for a list of a server that sleeps, so that a client which merely opens wakes nobody. */
  #answerFromMemory(call: Call, at: number): boolean {
    if (this.#availability.kind !== 'asleep' || this.#state !== 'down') return false;
    const { method, era, message } = call;
    const known = Object.hasOwn(this.#availability.lists, method)
      ? this.#availability.lists[method]
      : undefined;
    // Cursors are the server's own.
    if (known === undefined || paramsOf(message)['cursor'] !== undefined) return false;
    const shown = method === 'tools/list' ? withoutHidden({ result: known }, this.#rules)?.['result'] : known;
    const result = isObject(shown) ? shown : known;
    this.#conclude(
      call,
      at,
      '',
      resultText(call.id, era === 'modern' ? modernResult(method, result) : result),
    );
    return true;
  }

  #admit(call: Call): void {
    const { kind } = this.#availability;
    if (this.#state === 'up') return this.#forward(call, call.since);
    const refusal = this.#unavailable();
    if (refusal !== null) return this.#refuse(call, refusal, call.since);
    if (this.#calls.queue.size >= this.#limits.queue)
      return this.#refuse(call, REFUSALS.busy('Too many requests wait for the server'), call.since);
    this.#calls.enqueue(call, call.since);
    if (kind === 'asleep') this.#actions.push({ kind: 'wake' });
  }

  #unavailable(): Refusal | null {
    return this.#state === 'ending' ? STOPPING : refusalWhile(this.#availability);
  }

  #forward(call: Call, at: number): void {
    if (call.method === 'tools/call' && call.subject !== null && !this.#rules.mayCall(call.subject))
      return this.#refuse(call, REFUSALS.unknownTool(call.subject), at);
    const key = this.#server.newKey();
    this.#calls.send(call, key, at);
    const text = requestFor(call.message, call.text, {
      key,
      to: this.#server.era,
      from: call.era,
      hasToken: call.token !== null,
      level: levelOf(call.session?.level ?? -1),
    });
    this.#actions.push({ kind: 'write', text, key });
  }

  #cancel(session: Session, message: JsonObject, at: number): void {
    const { requestId, reason } = paramsOf(message);
    const call = isId(requestId) ? session.calls.get(requestId) : undefined;
    // Clients must not cancel it, and it is ours to answer.
    if (call === undefined || call.method === 'initialize') return;
    this.#endExchange(call);
    this.#abandon(call, at, reason);
  }

  #leave({ port, at }: EventOf<'left'>): void {
    const call = this.#listeners.get(port)?.call ?? this.#calls.atPort(port);
    // A legacy client that is gone may come back for its answer; a modern one has cancelled.
    if (call?.era === 'modern') this.#abandon(call, at);
  }

  /** Gives up a call on behalf of its client. One that was sent stays on the table until its answer, or for 30 s. */
  #abandon(call: Call, at: number, reason?: unknown): void {
    const listener = this.#listeners.get(call.port);
    if (listener !== undefined) {
      this.#listeners.delete(call.port);
      this.#calls.remove(call, at);
      return this.#server.dropUris(listener.uris);
    }
    if (call.abandonedAt !== null) return;
    call.abandonedAt = at;
    if (call.session?.calls.get(call.id) === call) call.session.calls.delete(call.id);
    if (call.key === null) return this.#conclude(call, at, 'cancelled', null);
    const text = noticeText('notifications/cancelled', {
      requestId: call.key,
      ...(typeof reason === 'string' && { reason }),
    });
    this.#server.write(text);
  }

  #close(id: string, at: number): void {
    const session = this.#sessions.remove(id);
    if (session === null) return;
    for (const call of session.calls.values()) {
      this.#endExchange(call);
      this.#abandon(call, at);
    }
    this.#server.dropAsked(session);
    this.#server.dropUris(session.uris);
    if (session.level >= 0) this.#server.tellLevel();
  }

  #endExchange({ port, id }: Call): void {
    this.#actions.push({ kind: 'end', port, text: refusalText(id, REFUSALS.cancelled) });
  }

  #forgetExpired(limits: { most: number; idle: number; at: number; except: string | null }): void {
    for (const old of this.#sessions.expired(limits)) if (old.id !== limits.except) this.#forget(old);
  }

  #forget(session: Session): void {
    this.#sessions.remove(session.id);
    this.#server.dropAsked(session);
    this.#actions.push({ kind: 'forget', session: session.id });
  }

  #keep(session: Session): void {
    this.#actions.push({ kind: 'keep', session: session.id, kept: keptOf(session) });
  }

  // From the server.

  #answer({ at, message, text }: EventOf<'answered'>): void {
    if (typeof message['method'] === 'string') return this.#server.take(message, text, at);
    const key = String(message['id']);
    const call = this.#calls.sent.get(key);
    if (call === undefined) return this.#server.noteOwnResponse(key);
    const { result } = message;
    if (call.method === 'resources/subscribe' && isObject(result)) this.#confirmSubscription(call);
    if (call.era === 'legacy' && isObject(result) && result['resultType'] === 'input_required')
      return this.#refuse(call, REFUSALS.wantsInput, at);
    const edit = { key, id: call.id, method: call.method, from: this.#server.era, to: call.era };
    const filtered = call.method === 'tools/list' ? withoutHidden(message, this.#rules) : null;
    const response =
      filtered === null
        ? responseFor(message, text, edit)
        : responseFor(filtered, JSON.stringify(filtered), edit);
    this.#conclude(call, at, errorOf(message), response);
  }

  #confirmSubscription({ session, message }: Call): void {
    const { uri } = paramsOf(message);
    if (session === null || !this.#sessions.has(session.id) || typeof uri !== 'string') return;
    session.uris.add(uri);
    this.#keep(session);
  }

  #ready({ run, introduction, rules, changed, at }: EventOf<'ready'>): void {
    this.#introduction = introduction;
    this.#rules = rules;
    this.#state = 'up';
    this.#availability = { kind: 'coming' };
    this.#server.begin(run, introduction);
    this.#noteChanged(changed);
    for (const call of this.#calls.queue) {
      if (!this.#answerOurselves(call, at)) this.#forward(call, at);
    }
  }

  #noteChanged(lists: readonly ListName[]): void {
    for (const list of lists) {
      this.#changed.add(list);
      this.#actions.push(...tellListChanged(this.#server.audience, list));
    }
  }

  #lose(at: number): void {
    if (this.#state !== 'ending') this.#state = 'down';
    this.#server.end();
    const calls = this.#calls.takeSent();
    this.#judge.noteDeath(calls, at);
    const { patience } = this.#limits;
    const again: Call[] = [];
    for (const call of calls) {
      if (call.abandonedAt !== null) this.#conclude(call, at, 'cancelled', null);
      else if (this.#state !== 'ending' && this.#judge.mayRepeat(call, this.#rules, { at, patience }))
        again.push(call);
      else this.#refuse(call, REFUSALS.restarted, at);
    }
    this.#calls.requeue(again, at);
    this.#refuseQueue(at);
  }

  #setAvailability({ availability, at }: EventOf<'availability'>): void {
    this.#availability = availability;
    if (this.#state === 'down') this.#refuseQueue(at);
    if (availability.kind === 'asleep' && this.#state === 'down' && this.#calls.queue.size > 0)
      this.#actions.push({ kind: 'wake' });
  }

  #refuseQueue(at: number): void {
    const refusal = this.#unavailable();
    if (refusal !== null) for (const call of this.#calls.queue) this.#refuse(call, refusal, at);
  }

  /** One request lost its connection: it is sent again at once if it may be. */
  #break({ key, at }: EventOf<'broken'>): void {
    const call = this.#calls.sent.get(key);
    if (call === undefined) return;
    if (call.abandonedAt !== null) return this.#conclude(call, at, 'cancelled', null);
    const { patience } = this.#limits;
    if (!this.#judge.mayRepeat(call, this.#rules, { at, patience }))
      return this.#refuse(call, REFUSALS.restarted, at);
    this.#calls.unsend(call, at);
    call.isRetry = true;
    if (this.#state === 'up') this.#forward(call, at);
  }

  #refuseUnsent({ key, at, why }: EventOf<'refused'>): void {
    const call = this.#calls.sent.get(key);
    if (call !== undefined && why === 'gone') {
      if (this.#state === 'up') this.#state = 'leaving';
      return this.#calls.unsend(call, at);
    }
    if (call !== undefined)
      this.#refuse(
        call,
        REFUSALS.busy('The server does not read its input, and too much is waiting for it'),
        at,
      );
  }

  #end(at: number): void {
    this.#state = 'ending';
    this.#refuseQueue(at);
    for (const { call } of this.#listeners.values()) {
      this.#calls.remove(call, at);
      const result = modernResult(call.method, subscriptionMeta(call.id));
      this.#send(call.port, resultText(call.id, result), { isLast: true });
    }
    this.#listeners.clear();
  }

  #tick(at: number): void {
    const { patience, timeout, sessions: most, sessionIdle: idle } = this.#limits;
    for (const call of this.#calls.queue) {
      if (at - call.queuedAt < patience) continue;
      const refusal = REFUSALS.unavailable('The server did not come back in time', { state: this.#state });
      this.#refuse(call, refusal, at);
    }
    for (const [key, call] of this.#calls.sent) {
      const isOver = call.abandonedAt !== null && at - call.abandonedAt >= ABANDONED_TIMEOUT;
      if (isOver) this.#conclude(call, at, 'cancelled', null);
      else if (at - call.heardAt >= timeout) {
        this.#server.write(noticeText('notifications/cancelled', { requestId: key, reason: 'timeout' }));
        this.#refuse(call, REFUSALS.timeout, at);
      }
    }
    this.#forgetExpired({ most, idle, at, except: null });
  }

  // Ends of calls.

  #refuse(call: Call, refusal: Refusal, at: number): void {
    this.#conclude(call, at, refusal.error, refusalText(call.id, refusal), refusal.code);
  }

  #conclude(call: Call, at: number, error: ExchangeError, text: string | null, code = codeIn(error)): void {
    this.#calls.remove(call, at);
    const isHeard = call.abandonedAt === null && text !== null;
    if (isHeard) this.#send(call.port, text, { isLast: true, code });
    this.#actions.push({
      kind: 'observe',
      ...exchangeOf(call, { at, error, response: isHeard ? text : null }),
    });
  }

  #send(
    port: number,
    text: string,
    { isLast, code = null }: { isLast: boolean; code?: number | null },
  ): void {
    this.#actions.push({ kind: 'send', port, text, isLast, code });
  }
}

function isClientEvent(event: GatewayEvent): event is ClientEvent {
  return event.kind === 'said' || event.kind === 'left' || event.kind === 'opened' || event.kind === 'closed';
}

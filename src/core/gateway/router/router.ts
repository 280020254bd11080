// Router of one server: gives each client's messages to the server and each answer to its client. A pure state machine.
import { isObject } from '../../base/guards.ts';
import { createCallEnds, type CallEnds } from './call-ends.ts';
import { CallTable, newCall } from './calls.ts';
import { createDepartures, type Departures } from './departures.ts';
import type { Call, Session } from './entries.ts';
import { REFUSALS, errorOf, isId, noticeText, paramsOf, resultText, type Refusal } from '../messages.ts';
import type {
  Availability,
  ClientEvent,
  GatewayAction,
  GatewayEvent,
  GatewayLimits,
  GatewayLoad,
  Introduction,
  ServerEvent,
  ToolRules,
} from '../model.ts';
import { subscriptionMeta, type Listener } from './news.ts';
import { createOwnAnswers, type OwnAnswers } from './own-answers.ts';
import { createListChanges, type ListChanges } from './list-changes.ts';
import { createReplayJudge } from './replay.ts';
import { answerFromMemory, passedResponse } from './passed-answers.ts';
import { STOPPING, refusalOf, refusalWhile } from './rules.ts';
import { createServerSide, type ServerSide } from './server-side.ts';
import { SessionTable, keptOf } from './sessions.ts';
import { levelOf, modernResult, requestFor } from '../translate.ts';

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
  readonly #ends: CallEnds;
  readonly #departures: Departures;
  readonly #ownAnswer: OwnAnswers;
  readonly #changes: ListChanges;
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
    this.#changes = createListChanges(audience, (action) => void this.#actions.push(action));
    this.#ends = createCallEnds(this.#calls, (action) => void this.#actions.push(action));
    this.#departures = createDepartures({ ...audience, server: this.#server, ends: this.#ends });
    this.#ownAnswer = createOwnAnswers({
      listeners: this.#listeners,
      server: this.#server,
      onKeep: (session) => this.#keep(session),
    });
  }

  /** Calls that the server has, and those that wait for it. */
  get inFlight(): number {
    return this.#calls.sent.size;
  }

  get queued(): number {
    return this.#calls.queue.size;
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
    return this.#sessions.hasSubscriptions;
  }

  /** When the oldest call that the server has not answered was sent, ms of the monotonic clock; null for none. */
  get oldestCall(): number | null {
    return this.#calls.oldestSentAt;
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
        return this.#departures.leave(event.port, event.at);
      case 'opened':
        return this.#open(event);
      case 'closed':
        return this.#departures.close(event.session, event.at);
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
        return this.#changes.note(event.lists);
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
    if (session !== null) this.#changes.greet(session, method, message);
    const { id: requestId } = message;
    if (isId(requestId)) return this.#request(newCall(event, session, { id: requestId, method }));
    if (method === 'notifications/cancelled' && session !== null)
      this.#departures.cancel(session, message, at);
    // `initialized` was said by us; a server that was promised no roots need not hear that they changed.
    if (method === 'notifications/progress') this.#server.passClientProgress(session, message, text);
  }

  #request(call: Call): void {
    const refusal = refusalOf(call, this.#rules, this.#calls.size >= this.#limits.calls);
    if (refusal !== null) return this.#ends.refuse(call, refusal, call.since);
    if (!this.#answerOurselves(call, call.since)) this.#admit(call);
  }

  #answerOurselves(call: Call, at: number): boolean {
    const answer = this.#ownAnswer(call, this.#introduction);
    switch (answer.kind) {
      case 'none':
        return this.#answerFromMemory(call, at);
      case 'result':
        this.#ends.conclude(call, at, '', resultText(call.id, answer.result));
        return true;
      case 'refusal':
        this.#ends.refuse(call, answer.refusal, at);
        return true;
      case 'stream':
        this.#calls.remove(call, at);
        call.session?.calls.set(call.id, call);
        this.#actions.push({ kind: 'send', port: call.port, text: answer.text, isLast: false, code: null });
        return true;
      default:
        return answer satisfies never;
    }
  }

  /** Answers for a list of a server that sleeps, so that a client which merely opens wakes nobody. */
  #answerFromMemory(call: Call, at: number): boolean {
    if (this.#availability.kind !== 'asleep' || this.#state !== 'down') return false;
    const text = answerFromMemory(call, this.#availability.lists, this.#rules);
    if (text === null) return false;
    this.#ends.conclude(call, at, '', text);
    return true;
  }

  #admit(call: Call): void {
    const { kind } = this.#availability;
    if (this.#state === 'up') return this.#forward(call, call.since);
    const refusal = this.#unavailable();
    if (refusal !== null) return this.#ends.refuse(call, refusal, call.since);
    if (this.#calls.queue.size >= this.#limits.queue)
      return this.#ends.refuse(call, REFUSALS.busy('Too many requests wait for the server'), call.since);
    this.#calls.enqueue(call, call.since);
    if (kind === 'asleep') this.#actions.push({ kind: 'wake' });
  }

  #unavailable(): Refusal | null {
    return this.#state === 'ending' ? STOPPING : refusalWhile(this.#availability);
  }

  #forward(call: Call, at: number): void {
    if (call.method === 'tools/call' && call.subject !== null && !this.#rules.mayCall(call.subject))
      return this.#ends.refuse(call, REFUSALS.unknownTool(call.subject), at);
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
      return this.#ends.refuse(call, REFUSALS.wantsInput, at);
    const response = passedResponse(call, { key, message, text, era: this.#server.era, rules: this.#rules });
    this.#ends.conclude(call, at, errorOf(message), response);
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
    this.#changes.note(changed);
    for (const call of this.#calls.queue) {
      if (!this.#answerOurselves(call, at)) this.#forward(call, at);
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
      if (call.abandonedAt !== null) this.#ends.conclude(call, at, 'cancelled', null);
      else if (this.#state !== 'ending' && this.#judge.mayRepeat(call, this.#rules, { at, patience }))
        again.push(call);
      else this.#ends.refuse(call, REFUSALS.restarted, at);
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
    if (refusal !== null) for (const call of this.#calls.queue) this.#ends.refuse(call, refusal, at);
  }

  /** One request lost its connection: it is sent again at once if it may be. */
  #break({ key, at }: EventOf<'broken'>): void {
    const call = this.#calls.sent.get(key);
    if (call === undefined) return;
    if (call.abandonedAt !== null) return this.#ends.conclude(call, at, 'cancelled', null);
    const { patience } = this.#limits;
    if (!this.#judge.mayRepeat(call, this.#rules, { at, patience }))
      return this.#ends.refuse(call, REFUSALS.restarted, at);
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
      this.#ends.refuse(
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
      const text = resultText(call.id, result);
      this.#actions.push({ kind: 'send', port: call.port, text, isLast: true, code: null });
    }
    this.#listeners.clear();
  }

  #tick(at: number): void {
    const { patience, timeout, sessions: most, sessionIdle: idle } = this.#limits;
    for (const call of this.#calls.queue) {
      if (at - call.queuedAt < patience) continue;
      const refusal = REFUSALS.unavailable('The server did not come back in time', { state: this.#state });
      this.#ends.refuse(call, refusal, at);
    }
    for (const [key, call] of this.#calls.sent) {
      const isOver = call.abandonedAt !== null && at - call.abandonedAt >= ABANDONED_TIMEOUT;
      if (isOver) this.#ends.conclude(call, at, 'cancelled', null);
      else if (at - call.heardAt >= timeout) {
        this.#server.write(noticeText('notifications/cancelled', { requestId: key, reason: 'timeout' }));
        this.#ends.refuse(call, REFUSALS.timeout, at);
      }
    }
    this.#forgetExpired({ most, idle, at, except: null });
  }
}

function isClientEvent(event: GatewayEvent): event is ClientEvent {
  return event.kind === 'said' || event.kind === 'left' || event.kind === 'opened' || event.kind === 'closed';
}

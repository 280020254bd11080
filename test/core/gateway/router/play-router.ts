// Played router: clients and a server that speak to it, with all that it did in between.
import { Router } from '../../../../src/core/gateway/router/router.ts';
import {
  GATEWAY_LIMITS,
  type Era,
  type GatewayAction,
  type GatewayEvent,
  type GatewayLimits,
  type Introduction,
  type SessionFacts,
  type ToolRules,
} from '../../../../src/core/gateway/model.ts';
import type { JsonObject } from '../../../../src/core/base/json-rpc.ts';

export const RULES: ToolRules = {
  isFilter: false,
  mayCall: () => true,
  mayRepeat: (tool) => tool === null || tool.startsWith('read'),
};

const FACTS: SessionFacts = { version: '2025-11-25', capabilities: [] };

const INTRODUCTION: Introduction = {
  era: 'legacy',
  capabilities: { tools: {}, resources: { subscribe: true }, logging: {} },
  serverInfo: { name: 'played', version: '1' },
  instructions: null,
};

type Said = { readonly session?: string | null; readonly era?: Era; readonly message: JsonObject };

export function playRouter({
  limits = {},
  rules = RULES,
}: { limits?: Partial<GatewayLimits>; rules?: ToolRules } = {}) {
  const router = new Router({ ...GATEWAY_LIMITS, ...limits }, rules);
  let at = 0;
  let run = 0;
  let ports = 0;
  const actions: GatewayAction[] = [];

  function take(event: GatewayEvent): readonly GatewayAction[] {
    const done = router.take(event);
    actions.push(...done);
    return done;
  }

  const play = {
    router,
    actions,
    take,
    get at() {
      return at;
    },
    wait(ms: number) {
      at += ms;
      return take({ kind: 'tick', at });
    },
    ready(over: Partial<Introduction> = {}, more: Partial<Extract<GatewayEvent, { kind: 'ready' }>> = {}) {
      run += 1;
      const introduction = { ...INTRODUCTION, ...over };
      return take({ kind: 'ready', at, run, introduction, rules, changed: [], ...more });
    },
    lose: () => take({ kind: 'lost', at }),
    open: (session: string, facts: Partial<SessionFacts> = {}) =>
      take({ kind: 'opened', at, session, facts: { ...FACTS, ...facts } }),
    /** Returns the port. */
    say({ session = 'one', era = 'legacy', message }: Said): number {
      const full = { jsonrpc: '2.0', ...message };
      const port = (ports += 1);
      const text = JSON.stringify(full);
      take({ kind: 'said', at, port, session, era, channel: 'tcp', message: full, text });
      return port;
    },
    call(id: string | number, name: string, session = 'one'): number {
      return play.say({ session, message: { id, method: 'tools/call', params: { name } } });
    },
    answer(message: JsonObject) {
      const full = { jsonrpc: '2.0', ...message };
      return take({ kind: 'answered', at, message: full, text: JSON.stringify(full) });
    },
    /** Messages that the server got. */
    written: (): JsonObject[] =>
      actions.flatMap((action) => (action.kind === 'write' ? [parse(action.text)] : [])),
    /** Keys of the requests of clients that the server got. */
    keys: (): string[] =>
      actions.flatMap((action) => (action.kind === 'write' && action.key !== null ? [action.key] : [])),
    /** Messages that went to a port. */
    sent: (port: number): JsonObject[] =>
      actions.flatMap((action) =>
        action.kind === 'send' && action.port === port ? [parse(action.text)] : [],
      ),
    told: (session: string): JsonObject[] =>
      actions.flatMap((action) =>
        action.kind === 'tell' && action.session === session ? [parse(action.text)] : [],
      ),
    outcomes: () => actions.flatMap((action) => (action.kind === 'observe' ? [action.error] : [])),
  };
  return play;
}

export function parse(text: string): JsonObject {
  const value: JsonObject = JSON.parse(text);
  return value;
}

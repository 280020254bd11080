// The gateway's front on a free port, with scripted routers behind it, and raw requests to it.
import { randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JsonObject } from '../../src/core/base/json-rpc.ts';
import {
  GATEWAY_LIMITS,
  type ClientEvent,
  type OwnProcesses,
  type ToolHeader,
} from '../../src/core/gateway/model.ts';
import { openDeletedSessions } from '../../src/gateway/deleted-sessions.ts';
import {
  createGatewayFront,
  type FrontOptions,
  type FrontSettings,
} from '../../src/gateway/gateway-endpoints.ts';
import { createSessionIds } from '../../src/gateway/session-id.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { tempHome } from './temp-home.ts';

export type Said = Extract<ClientEvent, { kind: 'said' }>;

export interface Script {
  readonly send: (said: Said, message: JsonObject, options?: { isLast?: boolean }) => void;
  readonly result: (said: Said, result?: JsonObject) => void;
  readonly fail: (said: Said, code: number, message?: string) => void;
  readonly tell: (session: string, message: JsonObject) => void;
}

export interface FrontParts extends Partial<Omit<FrontOptions, 'settings'>> {
  readonly settings?: Partial<FrontSettings>;
  /** What the server `files` does with a request; else it answers each with `{}`. */
  readonly onSaid?: (said: Said, script: Script) => void;
  readonly toolHeaders?: Readonly<Record<string, readonly ToolHeader[]>>;
  readonly socketPath?: string;
  /** Gives each session of `files` a process of its own. */
  readonly ownProcesses?: OwnProcesses;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The text as JSON; for anything else an empty object. */
  readonly json: { readonly id?: unknown; readonly result?: JsonObject; readonly error?: JsonObject };
}

export interface AskOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | JsonObject;
  readonly socketPath?: string;
}

export const ACCEPT = 'application/json, text/event-stream';

export async function startFront(parts: FrontParts = {}) {
  const { onSaid, toolHeaders = {}, socketPath, settings: given, ownProcesses, ...options } = parts;
  const home = tempHome();
  const events: ClientEvent[] = [];
  const sessions = new Set<string>();
  const refused: string[] = [];
  const warnings: { readonly facts: object; readonly sentence: string }[] = [];
  const settings: { current: FrontSettings } = {
    current: { allowedHosts: [], allowedOrigins: [], maxBody: 4 * 1024 * 1024, token: null, ...given },
  };

  const script: Script = {
    send: (said, message, { isLast = true } = {}) => {
      const { error } = message;
      const code = typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : null;
      front.perform('files', { kind: 'send', port: said.port, text: JSON.stringify(message), isLast, code });
    },
    result: (said, result = {}) => script.send(said, { jsonrpc: '2.0', id: said.message['id'], result }),
    fail: (said, code, message = 'failed') =>
      script.send(said, { jsonrpc: '2.0', id: said.message['id'], error: { code, message } }),
    tell: (session, message) =>
      front.perform('files', { kind: 'tell', session, text: JSON.stringify(message) }),
  };

  const server = {
    name: 'files',
    generation: 1,
    ...(ownProcesses !== undefined && { ownProcesses }),
    knows: (session: string) => sessions.has(session),
    toolHeaders: (tool: string) => toolHeaders[tool] ?? [],
    take(event: ClientEvent) {
      events.push(event);
      if (event.kind === 'opened') sessions.add(event.session);
      if (event.kind === 'closed') sessions.delete(event.session);
      if (event.kind !== 'said' || event.message['id'] === undefined || event.message['method'] === undefined)
        return;
      if (onSaid !== undefined) onSaid(event, script);
      else script.result(event);
    },
  };

  const key = randomBytes(32);
  const front = createGatewayFront({
    servers: {
      find: (name) => (name === 'files' ? server : undefined),
      list: () => [{ name: 'files', state: 'running' }],
    },
    clock: systemClock,
    ids: createSessionIds(key, () => Date.now()),
    deleted: openDeletedSessions(join(home.run, 'gateway-deleted'), () => Date.now()),
    settings: () => settings.current,
    onRefused: (reason) => refused.push(reason),
    log: { warn: (facts, sentence) => warnings.push({ facts, sentence }) },
    ...options,
  });
  const url = (await front.listenOn({ host: '127.0.0.1', port: 0 })) ?? '';
  if (socketPath !== undefined) await front.listenOnSocket(socketPath);
  onTestFinished(() => front.close());
  const port = Number(new URL(url).port);
  return {
    front,
    server,
    home,
    url,
    port,
    events,
    sessions,
    refused,
    warnings,
    settings,
    script,
    limits: GATEWAY_LIMITS,
    said: () => events.filter((event) => event.kind === 'said'),
    ask: (options: AskOptions = {}) => ask(port, options),
    /** A session of the newest legacy version. */
    greet: async (version = '2025-11-25'): Promise<string> => {
      const { headers } = await ask(port, { body: initialize(version) });
      return String(headers['mcp-session-id']);
    },
  };
}

export function initialize(version = '2025-11-25', capabilities: JsonObject = {}): JsonObject {
  const params = { protocolVersion: version, capabilities, clientInfo: { name: 'test', version: '1' } };
  return { jsonrpc: '2.0', id: 0, method: 'initialize', params };
}

/** A message of 2026-07-28 with the headers that it needs. */
export function modern(
  method: string,
  params: JsonObject = {},
  headers: Readonly<Record<string, string>> = {},
): { readonly body: JsonObject; readonly headers: Readonly<Record<string, string>> } {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const { name, uri } = params;
  const named = typeof name === 'string' ? name : typeof uri === 'string' ? uri : null;
  return {
    body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(named !== null && { 'mcp-name': named }),
      ...headers,
    },
  };
}

export function ask(port: number, options: AskOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = open(port, options);
    asking.on('error', reject);
    asking.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const json: Reply['json'] = text.startsWith('{') ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    asking.end(textOf(options.body));
  });
}

/** Begins a request: `end` has to be called. A header given as empty text is left out. */
export function open(
  port: number,
  { method, path = '/files/mcp', headers = {}, body, socketPath }: AskOptions,
) {
  const usual =
    body === undefined ? { accept: ACCEPT } : { 'content-type': 'application/json', accept: ACCEPT };
  const all = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== '');
  return request({
    ...(socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath }),
    path,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: Object.fromEntries(all),
    agent: false,
  });
}

function textOf(body: AskOptions['body']): string | undefined {
  return typeof body === 'object' ? JSON.stringify(body) : body;
}

/** A response that is read event by event. */
export async function stream(port: number, options: AskOptions = {}) {
  const asking = open(port, options);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asking.on('error', reject);
    asking.on('response', resolve);
    asking.end(textOf(options.body));
  });
  const state = { text: '', isEnded: false };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (state.text += chunk));
  response.on('error', () => (state.isEnded = true));
  response.on('end', () => (state.isEnded = true));
  asking.on('error', () => (state.isEnded = true));
  onTestFinished(() => void asking.destroy());
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    state,
    events: () => eventsIn(state.text),
    /** Data of the events that have any. */
    messages: (): JsonObject[] =>
      eventsIn(state.text).flatMap(({ data }) => (data === '' ? [] : [JSON.parse(data)])),
    close: () => asking.destroy(),
    pause: () => response.pause(),
  };
}

function eventsIn(text: string): { readonly id: string | null; readonly data: string }[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => ({
      id: /^id: (.*)$/mu.exec(block)?.[1] ?? null,
      data: /^data: (.*)$/mu.exec(block)?.[1] ?? '',
    }));
}

/** Sends bytes as they are and returns all that comes back until the end. */
export function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
    socket.write(bytes);
    onTestFinished(() => void socket.destroy());
  });
}

// A gateway that does as it is told and keeps what it was asked, on a unix socket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { onTestFinished } from 'vitest';

interface AskedMessage {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { id?: unknown; method?: string; params?: Record<string, unknown>; result?: unknown };
}

export interface ScriptedGateway {
  readonly asked: AskedMessage[];
  /** Methods of the messages, in order. */
  methods(): string[];
  /** Sends an event on the session's own stream. */
  tell(message: object): void;
  /** Whether the session's own stream is open. */
  hasStream(): boolean;
  /** Ends as a process does that is killed. */
  kill(): Promise<void>;
}

type Answer = (asked: AskedMessage, response: ServerResponse) => boolean;

export interface GatewayScript {
  readonly servers?: readonly string[];
  readonly session?: string;
  /** Sessions that are answered with 404. */
  readonly unknown?: readonly string[];
  /** Answers itself and returns true, or leaves it to the usual answers. */
  readonly answer?: Answer;
}

/** Listens at `path` until the test ends. */
export async function scriptedGateway(path: string, script: GatewayScript = {}): Promise<ScriptedGateway> {
  const { servers = ['files'], session = 's1' } = script;
  const asked: AskedMessage[] = [];
  const streams = new Set<ServerResponse>();

  function take(request: IncomingMessage, response: ServerResponse, text: string): void {
    const { method = '', url = '', headers } = request;
    if (url === '/') return json(response, { servers: servers.map((name) => ({ name, state: 'running' })) });
    const one: AskedMessage = { method, path: url, headers, body: text === '' ? {} : JSON.parse(text) };
    asked.push(one);
    if (script.unknown?.includes(String(headers['mcp-session-id'])) === true)
      return json(response, rpcError(one.body.id, -32_001, 'Session not found'), { status: 404 });
    if (script.answer?.(one, response) === true) return;
    if (method === 'GET') return listen(response, streams);
    if (method === 'DELETE' || one.body.id === undefined) return void response.writeHead(202).end();
    if (one.body.method === 'initialize') return json(response, greeting(one.body.id), { session });
    json(response, { jsonrpc: '2.0', id: one.body.id, result: { echo: one.body.method } });
  }

  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (text += chunk));
    request.once('end', () => take(request, response, text));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(kill);
  return {
    asked,
    methods: () => asked.map(({ method, body }) => body.method ?? method),
    tell: (message) => streams.forEach((stream) => stream.write(`data: ${JSON.stringify(message)}\n\n`)),
    hasStream: () => streams.size > 0,
    kill,
  };
}

function listen(response: ServerResponse, streams: Set<ServerResponse>): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': open\n\n');
  streams.add(response);
  response.once('close', () => streams.delete(response));
}

export function json(
  response: ServerResponse,
  body: object,
  { status = 200, session }: { readonly status?: number; readonly session?: string } = {},
): void {
  const headers = { 'content-type': 'application/json' };
  response.writeHead(status, session === undefined ? headers : { ...headers, 'mcp-session-id': session });
  response.end(JSON.stringify(body));
}

export function rpcError(id: unknown, code: number, message: string): object {
  return { jsonrpc: '2.0', id: id ?? null, error: { code, message } };
}

function greeting(id: unknown): object {
  const result = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'files', version: '1' },
  };
  return { jsonrpc: '2.0', id, result };
}

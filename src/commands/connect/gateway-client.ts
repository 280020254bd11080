// HTTP client of the gateway over its unix socket: one exchange at a time per connection, messages handed on as they come.
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { createEventStreamReader } from '../../wire/http/event-stream.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the exchange; its outcome is `broken` then. */
  readonly signal?: AbortSignal;
  /** Called once the request has left this process. */
  readonly onSent?: () => void;
  /**
   * Called with each message of a successful answer. Returns a promise when no more can be taken now; the answer is read on
   * once it resolves.
   */
  readonly onMessage?: (text: string) => Promise<void> | undefined;
}

export type ExchangeOutcome =
  /** Nobody listens there: nothing was sent. */
  | { readonly kind: 'unreached' }
  /** The connection ended before the answer was complete; the message may have arrived. */
  | { readonly kind: 'broken' }
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly session: string | null;
      /** Body of an answer that is no success, at most `LONGEST_REFUSAL`; else empty. */
      readonly refusal: string;
    };

export interface GatewayClient {
  /** Never rejects. */
  exchange(request: ExchangeRequest): Promise<ExchangeOutcome>;
  /** Ends every exchange. */
  close(): void;
}

/** Bytes of one message, as the gateway bounds a server's own. */
const LONGEST_MESSAGE = 16 * 1024 * 1024 + 4096;
const LONGEST_REFUSAL = 64 * 1024;
/** Ms for which a connection is kept for the next message: less than the gateway does, so that it never closes one in use. */
const KEPT_FREE = 2000;

const NOT_REACHED: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'EACCES', 'EAGAIN']);

export function createGatewayClient(socketPath: string): GatewayClient {
  const agent = new Agent({ keepAlive: true, timeout: KEPT_FREE });
  return {
    exchange: (what) => exchange(what, { socketPath, agent }),
    close: () => agent.destroy(),
  };
}

function exchange(
  { method, path, headers, body, signal, onSent, onMessage }: ExchangeRequest,
  { socketPath, agent }: { readonly socketPath: string; readonly agent: Agent },
): Promise<ExchangeOutcome> {
  return new Promise((resolve) => {
    let isConnected = false;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sending: ClientRequest = request({
      socketPath,
      agent,
      method,
      path,
      headers: { host: 'localhost', ...headers, ...length },
      ...(signal === undefined ? {} : { signal }),
    });
    sending.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (isConnected = true));
      else isConnected = true;
    });
    sending.on('error', (error: NodeJS.ErrnoException) => {
      const isUnreached = !isConnected && NOT_REACHED.has(error.code ?? '');
      resolve({ kind: isUnreached ? 'unreached' : 'broken' });
    });
    sending.once('response', (response) => void read(response, onMessage).then(resolve));
    sending.end(body, onSent);
  });
}

async function read(
  response: IncomingMessage,
  onMessage: ExchangeRequest['onMessage'],
): Promise<ExchangeOutcome> {
  const { statusCode: status = 0, headers } = response;
  const { 'mcp-session-id': given, 'content-type': type = '' } = headers;
  const session = typeof given === 'string' ? given : null;
  const isSuccess = status >= 200 && status < 300;
  const take = isSuccess && onMessage !== undefined ? onMessage : () => undefined;
  try {
    if (isSuccess && type.startsWith('text/event-stream')) {
      await readEvents(response, take);
      return { kind: 'answered', status, session, refusal: '' };
    }
    const text = await readText(response, isSuccess ? LONGEST_MESSAGE : LONGEST_REFUSAL);
    if (isSuccess && text !== '') await take(text);
    return { kind: 'answered', status, session, refusal: isSuccess ? '' : text };
  } catch {
    return { kind: 'broken' };
  }
}

/** @throws when the connection breaks */
async function readEvents(
  response: IncomingMessage,
  onMessage: (text: string) => Promise<void> | undefined,
): Promise<void> {
  let full: Promise<void> | undefined;
  const reader = createEventStreamReader(LONGEST_MESSAGE, ({ type, data }) => {
    if (type === 'message' && data !== '') full = onMessage(data) ?? full;
  });
  for await (const chunk of response) {
    if (Buffer.isBuffer(chunk)) reader.push(chunk);
    await full;
    full = undefined;
  }
}

/** @throws when the connection breaks */
async function readText(response: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let held = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    held += chunk.length;
    if (held > most) throw new Error('The answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

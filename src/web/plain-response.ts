// Responses in plain text, on Node's own objects: for routes of express and for those that go without it.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What monitoring reads, by its path; GET and HEAD only. */
export type PlainRoutes = ReadonlyMap<
  string,
  (request: IncomingMessage, response: ServerResponse) => Promise<void>
>;

export interface PlainResponse {
  readonly status: number;
  /** Without a line end. */
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function sendPlain(response: ServerResponse, { status, text, headers = {} }: PlainResponse): void {
  const body = `${text}\n`;
  const length = String(Buffer.byteLength(body));
  // The body of a response to HEAD is left out by Node.
  response
    .writeHead(status, {
      ...headers,
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': length,
    })
    .end(body);
}

/** Tells us of a fault of ours, and the client that there was one. */
export function sendFault(
  error: unknown,
  {
    request,
    response,
    onFault,
  }: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly onFault: (error: unknown) => void;
  },
): void {
  // A client that breaks off is no fault of ours, and nobody is left to answer.
  if (request.destroyed && !request.complete) return;
  onFault(error);
  if (response.headersSent) response.destroy();
  else sendPlain(response, { status: 500, text: 'Internal error; see the log of mcp-watchdog' });
}

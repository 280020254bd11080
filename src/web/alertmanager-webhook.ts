// Receiver of webhook messages from Alertmanager: JSON, up to a size.
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { parseJson } from '../core/base/guards.ts';

export interface AlertmanagerWebhook {
  /** Checks the token of a caller, null for none, before its message is read. @returns why it is refused, or null */
  admit(token: string | null, options: { readonly isToForward: boolean }): MessageRefusal | null;
  /** Takes a message; `isToForward` when its route asks our own channels to send it. @returns why it was refused, or null */
  receive(body: unknown, options: { readonly isToForward: boolean }): MessageRefusal | null;
}

export interface AlertmanagerWebhookOptions {
  /** Left out, every message is refused. */
  readonly alertmanagerWebhook?: AlertmanagerWebhook;
}

/**
 * `invalid`: it is no message of Alertmanager; `unproven`: it does not carry the token; `not-ready`: it can be sent again
 * later.
 */
export interface MessageRefusal {
  readonly kind: 'invalid' | 'unproven' | 'not-ready';
  readonly reason: string;
}

/** Alertmanager retries after a 5xx and drops the message after a 4xx. */
const STATUS_OF: Readonly<Record<MessageRefusal['kind'], number>> = {
  invalid: 400,
  unproven: 401,
  'not-ready': 503,
};

/** Bytes: several hundred alerts of some 2 KiB each. Alertmanager would not send a larger message again. */
const LARGEST = 1024 * 1024;

export function receiveAlertmanagerWebhook({ alertmanagerWebhook }: AlertmanagerWebhookOptions) {
  return async (request: Request, response: Response): Promise<void> => {
    const refuse = (status: number, reason: string): void => {
      if (status === 401) response.set('WWW-Authenticate', 'Bearer');
      response.status(status).set('Connection', 'close').type('text').send(`${reason}\n`);
    };
    const refuseAs = ({ kind, reason }: MessageRefusal): void => refuse(STATUS_OF[kind], reason);
    // A form of a web page could send any other type without a preflight request.
    if (request.is('application/json') === false) return refuse(415, 'Only application/json is understood');
    if (alertmanagerWebhook === undefined) return refuse(404, 'No messages are taken here');
    const options = { isToForward: request.query['tell'] === 'yes' };
    const stranger = alertmanagerWebhook.admit(tokenOf(request), options);
    if (stranger !== null) return refuseAs(stranger);
    const text = await readBody(request);
    if (text === null) return refuse(413, `Larger than ${LARGEST} bytes`);
    const refusal = alertmanagerWebhook.receive(parseJson(text), options);
    if (refusal !== null) return refuseAs(refusal);
    response.type('text').send('Noted\n');
  };
}

/** Returns the Bearer token, else the one in the url, for receivers that cannot send a header; null for neither. */
function tokenOf({ headers, query }: Request): string | null {
  const bearer = /^Bearer +(\S+) *$/iu.exec(headers.authorization ?? '')?.[1];
  const written = query['token'];
  return bearer ?? (typeof written === 'string' && written !== '' ? written : null);
}

/** Reads the whole body; null when it is too large. @throws when the client breaks off */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > LARGEST) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

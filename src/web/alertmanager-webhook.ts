// Receiver of webhook messages from Alertmanager: JSON, up to a size.
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { parseJson } from '../core/base/guards.ts';

export interface AlertmanagerWebhookOptions {
  /** Takes a message; `isToForward` when its route asks our own channels to send it. @returns why it was refused, or null */
  readonly onAlertmanagerMessage?: (
    body: unknown,
    options: { readonly isToForward: boolean },
  ) => MessageRefusal | null;
}

/** `invalid`: it is no message of Alertmanager; `not-ready`: it can be sent again later. */
export interface MessageRefusal {
  readonly kind: 'invalid' | 'not-ready';
  readonly reason: string;
}

/** Alertmanager retries after a 5xx and drops the message after a 4xx. */
const STATUS_OF: Readonly<Record<MessageRefusal['kind'], number>> = { invalid: 400, 'not-ready': 503 };

/** Bytes: several hundred alerts of some 2 KiB each. Alertmanager would not send a larger message again. */
const LARGEST = 1024 * 1024;

export function receiveAlertmanagerWebhook({ onAlertmanagerMessage }: AlertmanagerWebhookOptions) {
  return async (request: Request, response: Response): Promise<void> => {
    const refuse = (status: number, reason: string): void => {
      response.status(status).set('Connection', 'close').type('text').send(`${reason}\n`);
    };
    // A form of a web page could send any other type without a preflight request.
    if (request.is('application/json') === false) return refuse(415, 'Only application/json is understood');
    const text = await readBody(request);
    if (text === null) return refuse(413, `Larger than ${LARGEST} bytes`);
    const isToForward = request.query['tell'] === 'yes';
    const refusal = onAlertmanagerMessage?.(parseJson(text), { isToForward }) ?? null;
    if (refusal !== null) return refuse(STATUS_OF[refusal.kind], refusal.reason);
    response.type('text').send('Noted\n');
  };
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

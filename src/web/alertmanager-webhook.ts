// Receiver of webhook messages from Alertmanager: JSON, up to a size.
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { parseJson } from '../core/base/guards.ts';

export interface AlertmanagerWebhookOptions {
  /** Takes a message; `isToTell` when its route asks for delivery by our own channels. @returns what is wrong with it, or null */
  readonly onAlertmanagerMessage?: (body: unknown, options: { readonly isToTell: boolean }) => string | null;
}

/** Bytes: several hundred alerts of some 2 KiB each. Alertmanager would not send a larger message again. */
const LARGEST = 1024 * 1024;

export function receiveAlertmanagerWebhook({ onAlertmanagerMessage: onNotices }: AlertmanagerWebhookOptions) {
  return async (request: Request, response: Response): Promise<void> => {
    const refuse = (status: number, reason: string): void => {
      response.status(status).set('Connection', 'close').type('text').send(`${reason}\n`);
    };
    // A form of a web page could send any other type without a preflight request.
    if (request.is('application/json') === false) return refuse(415, 'Only application/json is understood');
    const text = await readBody(request);
    if (text === null) return refuse(413, `Larger than ${LARGEST} bytes`);
    const problem = onNotices?.(parseJson(text), { isToTell: request.query['tell'] === 'yes' }) ?? null;
    if (problem !== null) return refuse(400, problem);
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

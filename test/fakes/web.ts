// A web app on a free port, and raw requests to it: with any Host, which fetch would not send.
import { request, type RequestListener } from 'node:http';
import type { Status } from '../../src/core/model/status.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import type { WebAppOptions } from '../../src/web/app.ts';
import { createWebApp } from '../../src/web/front.ts';
import { listenHttp, type HttpListener } from '../../src/system/net/http-listener.ts';
import { fakePageSource } from './page-source.ts';
import { NOW, status as statusOf } from './status.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Web extends HttpListener {
  readonly port: number;
  readonly faults: unknown[];
  ask(
    path: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>;
}

export async function startWeb({
  create = createWebApp,
  ...parts
}: Partial<WebAppOptions> & {
  readonly shown?: Status;
  readonly create?: (options: WebAppOptions) => RequestListener;
} = {}): Promise<Web> {
  const faults: unknown[] = [];
  const app = create({
    status: () => parts.shown ?? statusOf(),
    page: fakePageSource({
      ...(parts.status && { status: parts.status }),
      ...(parts.shown && { shown: parts.shown }),
    }),
    metrics: async () => ({
      text: Buffer.from('up 1\n'),
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    }),
    now: () => NOW,
    allowedHosts: [],
    isReady: () => true,
    isHealthy: () => true,
    onFault: (error) => faults.push(error),
    ...parts,
  });
  const onFault = (error: unknown): void => void faults.push(error);
  const listening = await listenHttp(app, {
    host: '127.0.0.1',
    port: 0,
    setting: 'metrics.listen',
    clock: systemClock,
    onFault,
  });
  const port = Number(new URL(listening.url).port);
  return { ...listening, port, faults, ask: (path, options) => ask(port, path, options) };
}

function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false };
    const asking = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

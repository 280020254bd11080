// A real Alertmanager on a port of one's choice, which forgets nothing when it is started again in the same folder.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { waitFor } from './wait-for.ts';

/** As Debian calls it. */
export const ALERTMANAGER = 'prometheus-alertmanager';

export interface RunningAlertmanager {
  readonly url: string;
  /** What it knows to fire, by the API. */
  alerts(): Promise<readonly KnownAlert[]>;
  silence(matchers: readonly Record<string, unknown>[], forMs: number): Promise<void>;
  stop(): Promise<void>;
}

interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  /** Where Prometheus shows its rule; missing for what did not come from there. */
  readonly generatorURL?: string;
}

export async function startAlertmanager(
  folder: string,
  { config, port }: { readonly config: string; readonly port: number },
): Promise<RunningAlertmanager> {
  const file = join(folder, 'alertmanager.yml');
  writeFileSync(file, config);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    ALERTMANAGER,
    [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitFor(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    {
      timeout: 50_000,
      what: 'Alertmanager to be ready',
    },
  ).catch(async (error: unknown) => {
    child.kill('SIGKILL');
    await ended;
    throw error;
  });
  return {
    url,
    alerts: async () => JSON.parse(await (await fetch(`${url}/api/v2/alerts`)).text()),
    async silence(matchers, forMs) {
      const now = Date.now();
      const body = JSON.stringify({
        matchers,
        startsAt: new Date(now).toISOString(),
        endsAt: new Date(now + forMs).toISOString(),
        createdBy: 'ada',
        comment: 'test',
      });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/api/v2/silences`, { method: 'POST', headers, body });
      if (!response.ok) throw new Error(`Alertmanager refused a silence: ${await response.text()}`);
    },
    async stop() {
      // With a TERM it writes down what it told.
      child.kill('SIGTERM');
      const cancel = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(cancel);
    },
  };
}

export interface Receiver {
  readonly url: string;
  /** What it was told, as `name server status`, each repetition included. */
  readonly told: string[];
  close(): void;
}

/** Whoever Alertmanager tells beside us. */
export function startReceiver(): Promise<Receiver> {
  const told: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const body: { alerts: { status: string; labels: Record<string, string> }[] } = JSON.parse(text);
      for (const { status, labels } of body.alerts)
        told.push(`${labels['alertname']} ${labels['server']} ${status}`);
      response.end();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ url: `http://127.0.0.1:${port}/`, told, close: () => server.close() });
    });
  });
}

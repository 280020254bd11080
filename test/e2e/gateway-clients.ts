// SDK clients at the gateway of a daemon that runs as a process, and the server that they use.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from '@modelcontextprotocol/client';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { freePort, startDaemon, type RunningDaemon } from './daemon.ts';

const SERVER = join(import.meta.dirname, '../fixtures/servers/tools.mjs');

/** A server of tools.mjs; the calls that it got, in order. */
export function toolsServer(...args: string[]) {
  const { home } = tempHome();
  const log = join(home, 'calls');
  writeFileSync(log, '');
  const spec = {
    command: [process.execPath, SERVER, ...args],
    env: { TOOLS_LOG: log },
    restart: { initialDelay: '50ms' },
  };
  const calls = (): string[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  return { spec, calls };
}

export interface GatewayPlace {
  readonly url: (server: string) => URL;
  /** Starts a daemon whose gateway listens here; with `home`, on what an earlier one left there. */
  readonly start: (servers: Parameters<typeof startDaemon>[0], home?: string) => Promise<RunningDaemon>;
}

/** A port for a gateway, which a later daemon takes again. */
export async function gatewayPlace(): Promise<GatewayPlace> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: (server) => new URL(`${origin}/${server}/mcp`),
    async start(servers, home) {
      const more = { gateway: { listen: `127.0.0.1:${port}` } };
      const daemon = await startDaemon(servers, home === undefined ? { more } : { more, home });
      const isHealthy = (): Promise<boolean> =>
        fetch(`${origin}/-/healthy`).then(
          ({ ok }) => ok,
          () => false,
        );
      await waitFor(isHealthy, { timeout: 60_000, what: 'the gateway to listen' });
      return daemon;
    },
  };
}

/** What the tests need of a client, whichever SDK it is from. */
export interface TestClient {
  readonly call: (name: string, given?: object) => Promise<string>;
  readonly tools: () => Promise<string[]>;
}

export const CLIENTS: Readonly<Record<string, (url: URL) => Promise<TestClient>>> = {
  'SDK v1': connectV1,
  'SDK v2, legacy': (url) => connectV2(url, 'legacy'),
  'SDK v2, modern': (url) => connectV2(url, 'auto'),
};

const INFO = { name: 'test', version: '1' };

export async function connectV1(url: URL): Promise<TestClient & { readonly client: ClientV1 }> {
  const client = new ClientV1(INFO, { capabilities: { elicitation: {} } });
  await client.connect(new TransportV1(url));
  onTestFinished(() => client.close());
  return {
    client,
    call: async (name, given = {}) => textOf(await client.callTool({ name, arguments: { ...given } })),
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
  };
}

async function connectV2(url: URL, mode: 'legacy' | 'auto'): Promise<TestClient> {
  const client = new ClientV2(INFO, { versionNegotiation: { mode } });
  await client.connect(new TransportV2(url));
  onTestFinished(() => client.close());
  return {
    call: async (name, given = {}) => textOf(await client.callTool({ name, arguments: { ...given } })),
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
  };
}

function textOf(result: unknown): string {
  const [, text = ''] = /"text":"((?:[^"\\]|\\.)*)"/.exec(JSON.stringify(result)) ?? [];
  return text;
}

// Independent clients say whether our fixture servers are MCP servers at all: a fixture that only we understand proves nothing.
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { startHttp, stopAll } from '../fixtures/start.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/servers/mcp.mjs', import.meta.url));
const WHO = { name: 'judge', version: '1.0.0' };
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await stopAll();
});

async function judgeLegacy(transport: Transport) {
  const client = new Client(WHO);
  open.push(client);
  await client.connect(transport);
  await client.ping();
  const { tools } = await client.listTools();
  return { tools: tools.length, server: client.getServerVersion() };
}

async function judgeModern(transport: ModernStdio | ModernHttp) {
  const client = new ModernClient(WHO, { versionNegotiation: { mode: 'auto' } });
  open.push(client);
  await client.connect(transport);
  const { tools } = await client.listTools();
  return {
    tools: tools.length,
    server: client.getServerVersion(),
    version: client.getNegotiatedProtocolVersion(),
  };
}

const stdio = (...args: string[]) => ({
  command: process.execPath,
  args: [FIXTURE, ...args],
  stderr: 'ignore' as const,
});
const asExpected = { tools: 2, server: { name: 'fixture', version: '1.2.3' } };

describe('the SDK client v1 understands the fixture server', () => {
  it('over a pipe', async () => {
    expect(await judgeLegacy(new StdioClientTransport(stdio()))).toEqual(asExpected);
  });

  it.each(['json', 'sse'])('over HTTP, with sessions and answers as %s', async (answers) => {
    const server = await startHttp(['--sessions', '--answers', answers]);
    expect(await judgeLegacy(new StreamableHTTPClientTransport(new URL(server.url)))).toEqual(asExpected);
  });

  it('over HTTP+SSE', async () => {
    const server = await startHttp(['--transport', 'sse']);
    expect(await judgeLegacy(new SSEClientTransport(new URL(server.url)))).toEqual(asExpected);
  });
});

describe('the SDK client v2 understands the fixture server', () => {
  it('over a pipe, in the modern era', async () => {
    const seen = await judgeModern(new ModernStdio(stdio('--era', 'modern')));
    expect(seen).toEqual({ ...asExpected, version: '2026-07-28' });
  });

  it('over HTTP, in the modern era', async () => {
    const server = await startHttp(['--era', 'both']);
    const seen = await judgeModern(new ModernHttp(new URL(server.url)));
    expect(seen).toEqual({ ...asExpected, version: '2026-07-28' });
    expect((await server.stats()).requests).not.toHaveProperty('initialize');
  });

  it('over HTTP, in the legacy era', async () => {
    const server = await startHttp(['--sessions']);
    expect(await judgeModern(new ModernHttp(new URL(server.url)))).toMatchObject({
      ...asExpected,
      version: '2025-11-25',
    });
  });
});

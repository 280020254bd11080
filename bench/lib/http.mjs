// What a client sees: does an MCP server answer, and how long does a GET take.
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { until } from './wait.mjs';

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
});

/** A loopback port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** True when an MCP server answers `initialize` on the port within `timeout` ms. */
export async function answers(port, timeout = 2000) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const asked = { port, path: '/mcp', method: 'POST', headers, agent: false, timeout };
  const { status, body } = await exchange(asked, INITIALIZE).catch(() => ({
    status: 0,
    body: Buffer.alloc(0),
  }));
  return status === 200 && body.includes('serverInfo');
}

/** Milliseconds from `since` (performance.now) until an MCP server answers on the port. */
export async function timeToAnswer(port, since, options = {}) {
  await until(() => answers(port, options.timeout), {
    every: 4,
    what: `an answer on port ${port}`,
    ...options,
  });
  return performance.now() - since;
}

/** Asks like Prometheus does, over one connection that is kept. */
export function createScraper(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = {
    // OpenMetrics before the text format, as version 3 asks by default.
    accept:
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'accept-encoding': 'gzip',
    'user-agent': 'Prometheus/3',
    'x-prometheus-scrape-timeout-seconds': '10',
  };
  const { hostname, port, pathname } = new URL(url);
  return {
    /** Milliseconds from the question to the last byte, and how many bytes came. */
    async scrape() {
      const since = performance.now();
      const { status, body } = await exchange({ hostname, port, path: pathname, headers, agent });
      const took = performance.now() - since;
      if (status !== 200) throw new Error(`${url} answered ${status}`);
      return { took, bytes: body.length };
    },
    close: () => agent.destroy(),
  };
}

export function exchange(options, sent = '') {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', ...options }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks) }));
    });
    asking.on('error', reject);
    asking.on('timeout', () => asking.destroy(new Error('timeout')));
    asking.end(sent);
  });
}

// Clients of an MCP server over HTTP, as light as they can be: a greeting, and calls that follow each other.
import { request } from 'node:http';
import { until } from './wait.mjs';

/**
 * Lets clients call until all requests are answered.
 *
 * @returns ms of each request
 */
export async function run({ url, session, agent, clients, call, requests }) {
  const took = [];
  let left = requests;
  let id = 10;
  async function work() {
    while (left > 0) {
      left -= 1;
      const begin = performance.now();
      await post(
        url,
        { jsonrpc: '2.0', id: (id += 1), method: 'tools/call', params: call },
        { agent, session },
      );
      took.push(performance.now() - begin);
    }
  }
  await Promise.all(Array.from({ length: clients }, work));
  return took;
}

export const GREETING = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};

/** Greets once somebody answers. @returns the session, undefined for none */
export async function greet(url) {
  const isUp = () =>
    post(url, GREETING, {}).then(
      (answer) => answer,
      () => null,
    );
  const { headers } = await until(isUp, { within: 60_000, every: 200, what: url });
  const session = headers['mcp-session-id'];
  await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, { session });
  return session;
}

export function post(url, message, { agent, session }) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(session !== undefined && { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode >= 400) reject(new Error(`HTTP status ${response.statusCode}`));
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve({ headers: response.headers, text }));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(JSON.stringify(message));
  });
}

// The least that an MCP server over HTTP can be: one tool that answers with its text, no sessions.
//
//   node http-tools.mjs PORT
import { createServer } from 'node:http';

const READ = {
  name: 'read',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  annotations: { readOnlyHint: true },
};
const ANSWERS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'http-tools', version: '1' },
  }),
  'tools/list': () => ({ tools: [READ] }),
  'tools/call': (params) => ({ content: [{ type: 'text', text: params.arguments.text }] }),
  ping: () => ({}),
};

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(405).end();
    return;
  }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { id, method, params = {} } = JSON.parse(Buffer.concat(chunks).toString());
    if (id === undefined) {
      response.writeHead(202).end();
      return;
    }
    const result = ANSWERS[method]?.(params);
    const error = { code: -32601, message: 'Method not found' };
    const text = JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) });
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      .end(text);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');

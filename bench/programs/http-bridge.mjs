// The least that a bridge from HTTP to HTTP can cost: POST in, POST out, answer back. One session, no checks, no restarts.
//
//   node http-bridge.mjs node|undici URL : says its url
import { Agent, createServer, request as ask } from 'node:http';
import { Pool } from 'undici';

const [client, target] = process.argv.slice(2);
const { origin, pathname } = new URL(target);
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const CONNECTIONS = 64;

const agent = new Agent({ keepAlive: true });
function sendByNode(body, onAnswer) {
  const sent = ask(target, { method: 'POST', agent, headers }, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => onAnswer(answer.statusCode, Buffer.concat(chunks)));
  });
  sent.end(body);
}

const pool = new Pool(origin, { connections: CONNECTIONS });
async function sendByUndici(body, onAnswer) {
  const answer = await pool.request({ method: 'POST', path: pathname, headers, body });
  const chunks = [];
  answer.body.on('data', (chunk) => chunks.push(chunk));
  answer.body.on('end', () => onAnswer(answer.statusCode, Buffer.concat(chunks)));
}

const send = client === 'undici' ? sendByUndici : sendByNode;
let count = 0;
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const message = JSON.parse(Buffer.concat(chunks).toString());
    // As with a pipe, where clients share one session: ids are numbered anew.
    const body = JSON.stringify(message.id === undefined ? message : { ...message, id: (count += 1) });
    send(body, (status, answered) => {
      if (message.id === undefined) {
        response.writeHead(status).end();
        return;
      }
      const text = JSON.stringify({ ...JSON.parse(answered.toString()), id: message.id });
      response
        .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text);
    });
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));

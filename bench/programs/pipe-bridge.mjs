// The least that a bridge from HTTP to a pipe can cost: POST in, line out, answer back. One session, no checks, no restarts.
//
//   node pipe-bridge.mjs COMMAND… : says its url
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const [file, ...args] = process.argv.slice(2);
const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const waiting = new Map();
let count = 0;

createInterface({ input: child.stdout }).on('line', (line) => {
  const message = JSON.parse(line);
  const one = waiting.get(message.id);
  if (one === undefined) return;
  waiting.delete(message.id);
  const text = JSON.stringify({ ...message, id: one.id });
  one.response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
});

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const message = JSON.parse(Buffer.concat(chunks).toString());
    if (message.id === undefined) {
      response.writeHead(202).end();
      return;
    }
    count += 1;
    waiting.set(count, { id: message.id, response });
    child.stdin.write(`${JSON.stringify({ ...message, id: count })}\n`);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));

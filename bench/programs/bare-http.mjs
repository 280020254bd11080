// The least that a scrape can cost: node:http hands out a buffer of as many bytes. Says its url.
import { createServer } from 'node:http';

const body = Buffer.alloc(Number(process.argv[2]), 'mcp_watchdog_server_up{server="x"} 1\n');
const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'content-length': body.length };
const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/metrics`));

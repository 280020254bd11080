// The MCP servers that everybody keeps alive here: the real one, and the small fixture.
import { fileURLToPath } from 'node:url';

const CONTEXT7 = fileURLToPath(
  new URL('../../node_modules/@upstash/context7-mcp/dist/index.js', import.meta.url),
);
const FIXTURE = fileURLToPath(new URL('../../test/fixtures/servers/mcp.mjs', import.meta.url));

const TINY = fileURLToPath(new URL('../../test/fixtures/servers/tiny.sh', import.meta.url));

const VICTIM = fileURLToPath(new URL('../programs/victim.mjs', import.meta.url));

/** `script` and `args` are apart because pm2 wants them so. */
export function context7(port, name = 'context7') {
  return server({ name, port, script: CONTEXT7, args: ['--transport', 'http', '--port', String(port)] });
}

export function fixtureOverHttp(port, name) {
  return server({ name, port, script: FIXTURE, args: ['--transport', 'http', '--port', String(port)] });
}

export function fixtureOverStdio(name) {
  return server({ name, port: null, script: FIXTURE, args: [] });
}

/** One that is a shell of a mebibyte, for hundreds. */
export function tinyOverStdio(name) {
  return { name, port: null, script: TINY, args: [], argv: ['sh', TINY] };
}

/** One that goes wrong on demand, over HTTP with a port, else over stdio. */
export function victim(port, name) {
  const args = port === null ? [] : ['--transport', 'http', '--port', String(port)];
  return server({ name, port, script: VICTIM, args });
}

function server({ name, port, script, args }) {
  return { name, port, script, args, argv: [process.execPath, script, ...args] };
}

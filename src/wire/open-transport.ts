// Choice of the MCP transport that a server's config names.
import { openHttp } from './http/mcp-http.ts';
import { openSse } from './http/mcp-sse.ts';
import { openStdio } from './mcp-stdio.ts';
import type { McpTarget, McpTransport } from './mcp-transport.ts';

/** Opens a transport; nothing is sent before `connect()`. */
export function openTransport(target: McpTarget): McpTransport {
  const { transport } = target.spec;
  switch (transport) {
    case 'stdio':
      return openStdio(target);
    case 'http':
      return openHttp(target);
    case 'sse':
      return openSse(target);
    default:
      return transport satisfies never;
  }
}

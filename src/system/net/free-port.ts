// Search for a free TCP port. Another process may take it at any moment: check the owner after use.
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Returns a port that is free at this moment. @throws the system's error: no descriptor left, no such address */
export async function findFreePort(host: string): Promise<number> {
  const server = createServer();
  try {
    server.listen({ port: 0, host, exclusive: true });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  } finally {
    server.close();
  }
}

// HTTP servers of one test: they listen on this machine until it ends.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { onTestFinished } from 'vitest';
import { portOf } from '../fixtures/start.ts';

/** Lets a server listen until the end of the test, and cuts off then who is still connected. @returns its port */
export async function listenForTest(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return portOf(server);
}

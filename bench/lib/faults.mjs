// What is done to a server in the soak, and what the counters must say of it afterwards.
import { createServer } from 'node:net';
import { signal } from './processes.mjs';
import { until } from './wait.mjs';

/** How long a thief keeps a port, ms. */
const THEFT = 4000;

/**
 * `reason`: the label that `server_restarts_total` must have one more of; null when the server must live on.
 * `commit` does it to { pid, port } and resolves when it is done; `daemon` is the pid of who keeps the server.
 */
export const FAULTS = {
  kill: { reason: 'signal', commit: async ({ pid }) => signal(pid, 'SIGKILL') },
  freeze: { reason: 'probe', commit: async ({ pid }) => signal(pid, 'SIGSTOP') },
  leak: { reason: 'memory', commit: async ({ pid }) => signal(pid, 'SIGUSR1') },
  flood: { reason: null, commit: async ({ pid }) => signal(pid, 'SIGUSR2') },
  thief: { reason: 'signal', needsPort: true, commit: stealPort },
};

/** Kills the server and takes its port. The daemon is held meanwhile: a start in between would end by itself. */
async function stealPort({ pid, port, daemon }) {
  signal(daemon, 'SIGSTOP');
  try {
    signal(pid, 'SIGKILL');
    const thief = await until(() => listen(port), { every: 1, what: `port ${port} to be free` });
    setTimeout(() => thief.close(), THEFT).unref();
  } finally {
    signal(daemon, 'SIGCONT');
  }
}

function listen(port) {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

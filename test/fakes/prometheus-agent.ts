// A real Prometheus in agent mode: it scrapes one watchdog, and sends what it read by remote write.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait-for.ts';

export interface Agent {
  /** As a laptop that is shut; what it has not sent yet stays on its disk. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** @param config a whole config of Prometheus */
export async function startAgent(config: string): Promise<Agent> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-agent-'));
  const file = join(folder, 'agent.yml');
  writeFileSync(file, config);
  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  const agent: Agent = {
    async start() {
      let said = '';
      const started = spawn(
        'prometheus',
        [
          '--enable-feature=agent',
          `--config.file=${file}`,
          `--storage.agent.path=${join(folder, 'data')}`,
          '--web.listen-address=127.0.0.1:0',
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      started.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child = started;
      ended = new Promise((resolve) => started.once('exit', resolve));
      await waitFor(() => said.includes('Server is ready'), {
        timeout: 50_000,
        what: 'the agent to be ready',
      }).catch(async (error: unknown) => {
        await agent.close();
        throw error;
      });
    },
    async stop() {
      child?.kill('SIGTERM');
      await ended;
    },
    async close() {
      child?.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await agent.start();
  return agent;
}

export interface Line {
  /** `http://127.0.0.1:1234`, the near end. */
  readonly url: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A network between the near end and `target` (a URL) that can be cut. */
export async function startLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    cut() {
      isCut = true;
      hangUp();
    },
    mend() {
      isCut = false;
    },
    close() {
      hangUp();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

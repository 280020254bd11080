// A client's end of `mcp-watchdog connect`, the built command in a process of its own.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait-for.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));

interface Line {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Record<string, unknown>;
  };
}

export interface Shim {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: Line[];
  stderr(): string;
  send(...messages: object[]): void;
  /** Waits for the answer to a request. */
  answer(id: string | number, options?: { readonly timeout?: number }): Promise<Line>;
  /** Says hello as clients of the legacy era do. */
  greet(options?: { readonly timeout?: number }): Promise<void>;
  readonly exit: Promise<number | null>;
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'greeting',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
} as const;

/** Starts the shim of one server; it is killed at the end of the test. */
export function startShim(home: string, server = 'files', env: Readonly<Record<string, string>> = {}): Shim {
  const child = spawn(process.execPath, [CLI, '--home', home, 'connect', server], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: Line[] = [];
  let held = '';
  let told = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const parts = `${held}${chunk}`.split('\n');
    held = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part));
  });
  child.stderr.on('data', (chunk: Buffer) => (told += String(chunk)));
  child.stdin.on('error', () => {});
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const send = (...messages: object[]): void => {
    for (const message of messages) child.stdin.write(`${JSON.stringify(message)}\n`);
  };
  const answer: Shim['answer'] = (id, { timeout = 60_000 } = {}) =>
    waitFor(() => lines.find((line) => line.id === id && line.method === undefined), {
      // A dozen of them start at once on a busy machine.
      timeout,
      what: `an answer to ${id}; the shim said: ${told}`,
    });
  return {
    child,
    lines,
    stderr: () => told,
    send,
    answer,
    exit,
    async greet(options) {
      send(INITIALIZE);
      await answer('greeting', options);
      send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    },
  };
}

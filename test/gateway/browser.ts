// A real Chromium without a window, driven over a pipe: opens pages and runs scripts in them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { waitFor } from '../fakes/wait-for.ts';

export interface Browser {
  /** Opens a page and waits until it is loaded. */
  open(url: string): Promise<Page>;
}

interface Page {
  /** Runs an expression in the page, a promise to its end. @throws what it throws */
  run(expression: string): Promise<unknown>;
}

interface Reply {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/**
 * Starts Chromium; it ends with the test.
 *
 * @param hosts names that it takes for addresses, as `MAP evil.test 127.0.0.1`
 */
export async function startBrowser(program: string, hosts: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'mcpw-browser-'));
  const child = spawn(
    program,
    [
      '--headless=new',
      '--remote-debugging-pipe',
      '--no-sandbox',
      '--no-first-run',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--host-resolver-rules=${hosts}`,
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
  );
  const [, , , input, output] = child.stdio;
  if (!(input instanceof Writable) || !(output instanceof Readable))
    throw new TypeError('The browser has no pipe');
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await exited;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  const send = connect(input, output);

  return {
    async open(url) {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      const session = String(sessionId);
      const run = async (expression: string): Promise<unknown> => {
        const parameters = { expression, awaitPromise: true, returnByValue: true };
        const { result, exceptionDetails } = await send('Runtime.evaluate', parameters, session);
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
        return typeof result === 'object' && result !== null && 'value' in result ? result.value : undefined;
      };
      await send('Page.navigate', { url }, session);
      const isLoaded = async (): Promise<boolean> =>
        (await run('location.href + " " + document.readyState')) === `${url} complete`;
      await waitFor(isLoaded, { what: `the page ${url}`, timeout: 20_000 });
      return { run };
    },
  };
}

type Send = (method: string, params: object, session?: string) => Promise<Readonly<Record<string, unknown>>>;

/** The DevTools protocol over a pipe: messages of JSON, each ended by a zero byte. */
function connect(input: Writable, output: Readable): Send {
  const waiting = new Map<number, (reply: Reply) => void>();
  let count = 0;
  let rest = '';
  input.on('error', () => undefined);
  output.setEncoding('utf8');
  output.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const reply: Reply = JSON.parse(part);
      waiting.get(reply.id ?? 0)?.(reply);
      waiting.delete(reply.id ?? 0);
    }
  });
  return (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      const id = (count += 1);
      waiting.set(id, ({ result = {}, error }) =>
        error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
      );
      input.write(
        `${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`,
      );
    });
}

// A fleet under one home whose daemon is killed and started again: what was asked for, and what is really there.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { connect } from '../../../src/control/client.ts';
import type { Method, Methods } from '../../../src/control/protocol.ts';
import type { ServerStatus, Status } from '../../../src/core/model/status.ts';
import { RUN_MARKER, serverOf } from '../../../src/core/lifecycle/run-marker.ts';
import { CLI, type Settings } from '../../e2e/daemon.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

/** Path of the server that is one shell: hundreds of it cost what ten of Node do. */
const TINY = fileURLToPath(new URL('../../fixtures/servers/tiny.sh', import.meta.url));

/** A tiny server, probed often. */
export function tiny(more: Settings = {}): Settings {
  return {
    command: ['/bin/sh', TINY],
    probe: { interval: '500ms', timeout: '2s', failures: 2 },
    restart: { initialDelay: '50ms', maxDelay: '300ms', budget: [] },
    stop: { grace: '500ms' },
    ...more,
  };
}

/** One that ignores TERM and the end of its input, and has a child in a session of its own. */
export function stubborn(): Settings {
  const script = `trap '' TERM HUP; setsid sleep 1000 & . ${TINY}; while :; do sleep 0.2; done`;
  return { ...tiny(), command: ['/bin/sh', '-c', script] };
}

export interface StageOptions {
  readonly servers: Readonly<Record<string, Settings>>;
  readonly home?: string;
  /** Further keys of the config. */
  readonly more?: Settings;
  readonly env?: Readonly<Record<string, string>>;
  /** A program that becomes the daemon, with its arguments. */
  readonly wrapper?: readonly string[];
}

export interface Process {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly url: string;
}

/** A process of a server, as the environment that it inherited names it. */
export interface Marked {
  readonly pid: number;
  readonly marker: string;
  readonly server: string;
  /** Pid of the daemon that started it. */
  readonly daemon: number;
}

export class Stage {
  readonly home: string;
  servers: Readonly<Record<string, Settings>>;
  /** What operators asked for and were told is done; servers without an entry should be up. */
  readonly desired = new Map<string, 'up' | 'down'>();
  /** Servers that were taken out of the config: their counters begin at 0 when they come back. */
  readonly removed = new Set<string>();
  /** The daemon of this moment, once it listens. */
  daemon: Process | null = null;
  /** Of every daemon that this stage ever started. */
  readonly pids = new Set<number>();
  readonly #options: StageOptions;
  #child: ChildProcess | null = null;
  #output = '';

  constructor(options: StageOptions) {
    this.#options = options;
    this.home = options.home ?? tempHome().home;
    this.servers = options.servers;
    onTestFinished(() => this.end());
  }

  get output(): string {
    return this.#output;
  }

  writeConfig(): void {
    const config = {
      metrics: { listen: '127.0.0.1:0' },
      gateway: { listen: '127.0.0.1:0' },
      sampling: { interval: '1s' },
      // Nobody who runs the tests wants to see their alerts.
      alerts: { notify: [], evaluateEvery: '1s' },
      ...this.#options.more,
      servers: this.servers,
    };
    writeFileSync(join(this.home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  }

  /** Starts a daemon and does not wait for it. */
  spawn(): ChildProcess {
    const { wrapper = [], env = {} } = this.#options;
    const [program, ...argv] = [...wrapper, process.execPath, CLI, 'run', '--home', this.home];
    const child = spawn(program, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    if (child.pid !== undefined) this.pids.add(child.pid);
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-1_000_000);
      });
    return child;
  }

  /** Starts a daemon and waits until it listens. */
  start(): Promise<Process> {
    this.spawn();
    return this.listening();
  }

  /** Waits until the daemon that was spawned listens and takes requests. @throws when it ends before */
  async listening(): Promise<Process> {
    const child = this.#child;
    if (child === null) throw new Error('No daemon was spawned');
    const url = await waitFor(
      () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`The daemon ended with ${child.exitCode ?? child.signalCode}: ${this.#output}`);
        return /"url":"(https?:[^"]+)"/.exec(this.#output)?.[1];
      },
      { timeout: 60_000, what: 'the daemon to listen' },
    );
    this.daemon = { pid: child.pid ?? 0, child, url };
    // What an earlier daemon has left is put right before any server is known; until then no request is taken.
    await waitFor(async () => (await this.status()).servers.length > 0, { timeout: 60_000, what: 'servers' });
    return this.daemon;
  }

  /** Kills the daemon, listening or not; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.daemon = null;
    this.#child = null;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await ended;
  }

  /** Ends everything; called at the end of the test in any case. */
  async end(): Promise<void> {
    const child = this.#child;
    this.daemon = null;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const cancel = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(cancel);
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.get('/api/v1/status'));
  }

  async server(name: string): Promise<ServerStatus> {
    const found = (await this.status()).servers.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no server ${name}`);
    return found;
  }

  async get(path: string): Promise<string> {
    if (this.daemon === null) throw new Error('There is no daemon');
    const answer = await fetch(`${this.daemon.url}${path}`, { signal: AbortSignal.timeout(20_000) });
    return answer.text();
  }

  /** Asks the daemon over its control socket. */
  async request<M extends Exclude<Method, 'watch'>>(
    method: M,
    params: Methods[M]['params'],
  ): Promise<Methods[M]['result']> {
    const client = await connect(join(this.home, 'run', 'control.sock'));
    try {
      return await client.request(method, params, { timeout: 60_000 });
    } finally {
      client.close();
    }
  }

  /** Asks for `wanted` and remembers it; a request that broke off may have been heard or not. */
  async ask(wanted: 'up' | 'down', name: string): Promise<void> {
    this.desired.delete(name);
    await this.request(wanted === 'up' ? 'start' : 'stop', { names: [name] });
    this.desired.set(name, wanted);
  }

  /** Every process of a server of this stage that lives now. */
  processes(): Marked[] {
    return markedProcesses().filter(({ daemon }) => this.pids.has(daemon));
  }
}

/** All processes on this machine that carry the marker of a run. */
export function markedProcesses(): Marked[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => markedProcess(Number(name)) ?? []);
}

function markedProcess(pid: number): Marked | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const marker = environment
      .find((entry) => entry.startsWith(`${RUN_MARKER}=`))
      ?.slice(RUN_MARKER.length + 1);
    const server = marker === undefined ? null : serverOf(marker);
    if (marker === undefined || server === null) return null;
    // A zombie has no environment any more, so that it is not here.
    return { pid, marker, server, daemon: Number.parseInt(marker, 10) };
  } catch {
    // Gone meanwhile, or of another user.
    return null;
  }
}

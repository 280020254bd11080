// Prometheus 3 as the oracle: its engine, storage and rules from the Go module, built once from test/oracle, in one process.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answer, Sample } from './prometheus.ts';
import { requireProgram, requireThat } from './require-program.ts';

const SOURCE = fileURLToPath(new URL('../oracle', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/mcp-watchdog', import.meta.url));
/** All dependencies are compiled where Go's own cache is empty. */
const LONGEST_BUILD = 900_000;

/** A moment of a series; the value as Go writes it. */
interface OracleSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [time: string, value: string])[];
}

interface OracleAnswer {
  readonly error?: string;
  readonly type?: 'scalar' | 'string' | 'vector' | 'matrix';
  readonly result?: readonly OracleSeries[];
  readonly text?: string;
  readonly steps?: readonly (readonly OracleAlert[])[];
  readonly version?: string;
}

/** An active alert of a rule, or the error of its last evaluation. */
interface OracleAlert {
  readonly name: string;
  readonly state: 'pending' | 'firing' | 'inactive' | '';
  readonly labels: Readonly<Record<string, string>> | null;
  readonly annotations: Readonly<Record<string, string>> | null;
  readonly value: string;
  readonly error?: string;
}

export interface Oracle {
  readonly version: string;
  write(samples: readonly Sample[]): Promise<void>;
  /** An instant query; the error of a query that was refused. */
  query(expression: string, at: number): Promise<Answer>;
  /** Evaluates a rule file at each of the times; the alerts at each of them. */
  rules(file: string, times: readonly number[]): Promise<readonly (readonly OracleAlert[])[]>;
  /** An expression in the format of Prometheus. */
  format(expression: string): Promise<string>;
  stop(): Promise<void>;
}

/** The built program; null, and named in the summary, where there is no Go for it. */
export function oracleProgram(): string | null {
  if (!requireProgram('go')) return null;
  const program = join(CACHE, `oracle-${digest()}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const made = `${program}.${process.pid}`;
  const { status, stderr } = spawnSync('go', ['build', '-o', made, '.'], {
    cwd: SOURCE,
    encoding: 'utf8',
    timeout: LONGEST_BUILD,
  });
  const isBuilt = requireThat(
    `Prometheus 3, which go could not build: ${stderr?.trim().split('\n').at(-1)}`,
    status === 0,
  );
  if (!isBuilt) return null;
  renameSync(made, program);
  return program;
}

function digest(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(SOURCE, name)));
  return hash.digest('hex').slice(0, 16);
}

export async function startOracle(program: string): Promise<Oracle> {
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = conversation(child);
  const { version = 'unknown' } = await ask({ kind: 'version' });
  return {
    version,
    async write(samples) {
      const written = samples.map((one) => ({ ...one, value: writtenNumber(one.value) }));
      const { error } = await ask({ kind: 'write', samples: written });
      if (error !== undefined) throw new Error(`The oracle refused samples: ${error}`);
    },
    async query(expression, at) {
      const { error, result = [] } = await ask({ kind: 'query', expression, at });
      if (error !== undefined) return { error };
      return {
        elements: result.map(({ labels, points }) => ({ labels, value: toNumber(points[0]?.[1] ?? '') })),
      };
    },
    async rules(file, times) {
      const { error, steps = [] } = await ask({ kind: 'rules', rules: file, times });
      if (error !== undefined) throw new Error(`The oracle refused rules: ${error}`);
      return steps;
    },
    async format(expression) {
      const { error, text = '' } = await ask({ kind: 'format', expression });
      return error ?? text;
    },
    async stop() {
      child.stdin?.end();
      await ended;
    },
  };
}

const ENDED = { error: 'the oracle has ended' };

/** Lines come back in the order in which they were asked. */
function conversation(child: ChildProcess): (request: object) => Promise<OracleAnswer> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('The oracle has no pipes');
  const waiting: ((answer: OracleAnswer) => void)[] = [];
  createInterface({ input: stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line)));
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
    for (const answer of waiting.splice(0)) answer(ENDED);
  });
  stdin.on('error', () => {});
  return (request) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (hasEnded) waiting.pop()?.(ENDED);
      else stdin.write(`${JSON.stringify(request)}\n`);
    });
}

/** JSON has no infinity. */
function writtenNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
}

function toNumber(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
}

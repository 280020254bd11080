// A real Prometheus on a free port, which takes samples by remote write, staleness included, and answers queries.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../fixtures/start.ts';
import { waitFor } from './wait-for.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly value: number;
  readonly isStale?: boolean;
}

export interface Prometheus {
  readonly url: string;
  readonly version: string;
  /** In the order of time over all series. */
  write(samples: readonly Sample[]): Promise<void>;
  /** An instant query; the error of a query that was refused. */
  query(expression: string, at: number): Promise<Answer>;
  /** Any question below /api/v1, as it was answered. */
  ask<Data>(path: string, parameters?: Readonly<Record<string, string>>): Promise<ApiAnswer<Data>>;
  stop(): Promise<void>;
}

export type Answer =
  | { readonly error: string }
  | {
      readonly elements: readonly {
        readonly labels: Readonly<Record<string, string>>;
        readonly value: number;
      }[];
    };

/** What every question to the API is answered with; `data` is missing where `error` is not. */
interface ApiAnswer<Data> {
  readonly status: 'success' | 'error';
  readonly data?: Data;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export async function startPrometheus({
  config = '',
  args = [],
  port: wanted,
}: { config?: string; args?: readonly string[]; port?: number } = {}): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const port = wanted ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--web.enable-lifecycle',
      '--log.level=error',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  await waitFor(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { timeout: 50_000, what: 'Prometheus to be ready' },
  ).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const build: { data: { version: string } } = JSON.parse(
    await (await fetch(`${url}/api/v1/status/buildinfo`)).text(),
  );
  return {
    url,
    version: build.data.version,
    async write(samples) {
      const response = await fetch(`${url}/api/v1/write`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-protobuf',
          'content-encoding': 'snappy',
          'x-prometheus-remote-write-version': '0.1.0',
        },
        body: snappy(writeRequest(samples)),
      });
      if (!response.ok)
        throw new Error(`Prometheus refused samples: ${response.status} ${await response.text()}`);
    },
    query: (expression, at) => query(url, expression, at),
    ask: async (path, parameters = {}) =>
      JSON.parse(
        await (await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)).text(),
      ),
    stop,
  };
}

interface Response {
  readonly status: string;
  readonly error?: string;
  readonly data?:
    | { readonly resultType: 'scalar'; readonly result: readonly [time: number, value: string] }
    | { readonly resultType: 'vector'; readonly result: readonly ResultElement[] };
}

interface ResultElement {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

async function query(url: string, expression: string, at: number): Promise<Answer> {
  const body = new URLSearchParams({ query: expression, time: String(at / 1000) });
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
  const { status, error, data }: Response = JSON.parse(await response.text());
  if (status !== 'success' || data === undefined) return { error: error ?? 'unknown' };
  const result = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
  return { elements: result.map(({ metric, value }) => ({ labels: metric, value: toNumber(value[1]) })) };
}

function toNumber(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
}

/** prometheus.WriteRequest, by its field numbers. */
function writeRequest(samples: readonly Sample[]): Buffer {
  return Buffer.concat(
    samples.map(({ labels, time, value, isStale }) => {
      const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
      const names = pairs.map(([name, text]) =>
        bytes(1, Buffer.concat([bytes(1, Buffer.from(name)), bytes(2, Buffer.from(text))])),
      );
      return bytes(1, Buffer.concat([...names, bytes(2, sampleOf(time, value, isStale === true))]));
    }),
  );
}

function sampleOf(time: number, value: number, isStale: boolean): Buffer {
  const double = Buffer.alloc(8);
  // The one NaN that says that a series has ended.
  if (isStale) double.writeBigUInt64LE(0x7f_f0_00_00_00_00_00_02n);
  else double.writeDoubleLE(value);
  return Buffer.concat([Buffer.from([0x09]), double, Buffer.from([0x10]), varint(time)]);
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2]), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...out, rest]);
}

/** The block format, with literals only: nothing is made smaller. */
function snappy(content: Buffer): Buffer {
  const parts = [varint(content.length)];
  for (let from = 0; from < content.length; from += 65_536) {
    const piece = content.subarray(from, from + 65_536);
    const head = Buffer.alloc(3);
    head[0] = 61 * 4;
    head.writeUInt16LE(piece.length - 1, 1);
    parts.push(head, piece);
  }
  return Buffer.concat(parts);
}

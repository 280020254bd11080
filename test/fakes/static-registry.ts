// A real npm registry in miniature: packuments and tarballs over http on a free loopback port, lying on cue.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** A package to publish; files are relative to its root. `index.js` is there by default. */
export interface FixturePackage {
  readonly name: string;
  readonly version: string;
  /** Merged into package.json: bin, engines, scripts, dependencies, … */
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** `truncated` ends in the middle of the promised bytes, `corrupt` has other bytes, `hang` never answers. */
export type Lie = 401 | 404 | 500 | 'truncated' | 'corrupt' | 'hang' | 'drop';

export interface StaticRegistry {
  readonly url: string;
  /** Paths asked for, oldest first. */
  readonly requests: readonly string[];
  /** From now on, every request for this part of the package meets the lie; null tells the truth again. */
  lie(part: 'packument' | 'tarball', name: string, how: Lie | null): void;
  /** How many clients are connected: one that waits for an answer that never comes is alive. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

interface Published {
  readonly manifest: Record<string, unknown>;
  readonly tarball: Buffer;
}

const INDEX = '#!/usr/bin/env node\nconsole.log("hello from a fixture package");\n';

/** Packs and serves the packages; the highest in order of the list is `latest`. */
export async function startRegistry(packages: readonly FixturePackage[]): Promise<StaticRegistry> {
  const published = await pack(packages);
  const lies = new Map<string, Lie>();
  const requests: string[] = [];
  const server = createServer((request, response) => answer(request, response));

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '/');
    requests.push(path);
    const [name = '', file] = path.slice(1).split('/-/');
    const lie = lies.get(`${file === undefined ? 'packument' : 'tarball'} ${name}`);
    const body = file === undefined ? packument(name) : published.get(path)?.tarball;
    if (lie !== undefined) tellLie(response, lie, body ?? Buffer.alloc(1000));
    else if (body === undefined) sendError(response, 404, 'Not found');
    else response.writeHead(200, { 'content-length': body.length }).end(body);
  }

  function packument(name: string): Buffer | undefined {
    const own = [...published.values()].map((each) => each.manifest).filter((each) => each['name'] === name);
    const latest = own.at(-1)?.['version'];
    if (latest === undefined) return undefined;
    const versions = Object.fromEntries(own.map((each) => [each['version'], withDist(each, address())]));
    return Buffer.from(JSON.stringify({ name, 'dist-tags': { latest }, versions }));
  }

  function withDist(manifest: Record<string, unknown>, base: string): Record<string, unknown> {
    const path = tarballPath(String(manifest['name']), String(manifest['version']));
    const tarball = published.get(path)?.tarball ?? Buffer.alloc(0);
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    return { ...manifest, dist: { tarball: `${base}${path}`, integrity } };
  }

  function address(): string {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('The registry is not listening');
    return `http://127.0.0.1:${bound.port}`;
  }

  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${address()}/`,
    requests,
    lie(part, name, how) {
      if (how === null) lies.delete(`${part} ${name}`);
      else lies.set(`${part} ${name}`, how);
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function tellLie(response: ServerResponse, lie: Lie, body: Buffer): void {
  if (lie === 'hang') return;
  if (lie === 'drop') response.destroy();
  else if (lie === 'corrupt')
    response.writeHead(200, { 'content-length': body.length }).end(Buffer.alloc(body.length, 7));
  else if (lie === 'truncated') {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  } else
    sendError(response, lie, lie === 404 ? 'Not found' : lie === 401 ? 'authentication required' : 'boom');
}

function sendError(response: ServerResponse, status: number, error: string): void {
  const headers = {
    'content-type': 'application/json',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
  response.writeHead(status, headers).end(JSON.stringify({ error }));
}

/** Tarballs as `npm pack` makes them, keyed by the path they are served at. */
async function pack(packages: readonly FixturePackage[]): Promise<Map<string, Published>> {
  const root = await mkdtemp(join(tmpdir(), 'registry-'));
  try {
    const folders: string[] = [];
    for (const [index, each] of packages.entries())
      folders.push(await writePackage(join(root, String(index)), each));
    const env = { ...process.env, npm_config_cache: join(root, 'cache'), npm_config_loglevel: 'silent' };
    const argv = ['pack', '--ignore-scripts', '--pack-destination', root, ...folders];
    await promisify(execFile)('npm', argv, { cwd: root, env });
    const entries = packages.map(async ({ name, version, manifest }): Promise<[string, Published]> => {
      const tarball = await readFile(join(root, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`));
      return [tarballPath(name, version), { manifest: { name, version, ...manifest }, tarball }];
    });
    return new Map(await Promise.all(entries));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function writePackage(
  folder: string,
  { name, version, manifest, files }: FixturePackage,
): Promise<string> {
  const all = { 'index.js': INDEX, ...files, 'package.json': JSON.stringify({ name, version, ...manifest }) };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

function tarballPath(name: string, version: string): string {
  return `/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
}

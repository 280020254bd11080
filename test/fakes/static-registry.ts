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
  /** Ms since the epoch; a month ago by default, null when the registry is not to tell. */
  readonly publishedAt?: number | null;
  /** What only the registry says of it, merged into its packument: `_npmUser`, `maintainers`, `dist`, … */
  readonly registry?: Readonly<Record<string, unknown>>;
  /** The tag that points to it from then on; `latest` by default, null for none. */
  readonly tag?: string | null;
}

/** `truncated` ends in the middle of the promised bytes, `corrupt` has other bytes, `hang` never answers. */
export type Lie =
  | 401
  | 404
  | 500
  | 'truncated'
  | 'corrupt'
  | 'hang'
  | 'drop'
  /** Answers this instead; text is sent as it is, what else as JSON. */
  | { readonly instead: unknown };

export interface StaticRegistry {
  readonly url: string;
  /** Paths asked for, oldest first. */
  readonly requests: readonly string[];
  /** From now on, every request for this part of the package meets the lie; null tells the truth again. */
  lie(part: 'packument' | 'tarball', name: string, how: Lie | null): void;
  /** As `npm publish` does: the new one is `latest`, whatever its number. */
  publish(...packages: readonly FixturePackage[]): Promise<void>;
  /** Versions that are only listed: they have no tarball. The last of them is `latest`. */
  announce(name: string, versions: readonly string[], publishedAt?: number | null): void;
  unpublish(name: string, version: string): void;
  /** Lays `change` over what is said of a version; a deprecation is `{ deprecated: '…' }`. */
  amend(name: string, version: string, change: Readonly<Record<string, unknown>>): void;
  /** From now on the registry calls a version `as`; its tarball says what it said. */
  relabel(name: string, version: string, as: string): void;
  /** @param version null removes the tag */
  tag(name: string, tag: string, version: string | null): void;
  /** How many clients are connected: one that waits for an answer that never comes is alive. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

interface Published {
  /** As the packument has it, but for what `dist` gets when it is served. */
  manifest: Record<string, unknown>;
  readonly publishedAt: number | null;
  readonly tarball: Buffer;
}

const INDEX = '#!/usr/bin/env node\nconsole.log("hello from a fixture package");\n';
const MONTH = 30 * 86_400_000;

/** Packs and serves the packages; the last of each name is `latest`. */
export async function startRegistry(packages: readonly FixturePackage[]): Promise<StaticRegistry> {
  const published = new Map<string, Published>();
  const tags = new Map<string, Map<string, string>>();
  const lies = new Map<string, Lie>();
  const requests: string[] = [];
  const server = createServer((request, response) => answer(request, response));

  async function publish(...news: readonly FixturePackage[]): Promise<void> {
    for (const [path, each] of await pack(news)) published.set(path, each);
    for (const { name, version, tag = 'latest' } of news) if (tag !== null) setTag(name, tag, version);
  }

  function setTag(name: string, tag: string, version: string | null): void {
    const own = tags.get(name) ?? new Map<string, string>();
    tags.set(name, own);
    if (version === null) own.delete(tag);
    else own.set(tag, version);
  }

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
    const own = [...published.values()].filter(({ manifest }) => manifest['name'] === name);
    if (own.length === 0) return undefined;
    const versions = Object.fromEntries(
      own.map((each) => [each.manifest['version'], withDist(each, address())]),
    );
    const time = Object.fromEntries(
      own.flatMap(({ manifest, publishedAt: at }) =>
        at === null ? [] : [[manifest['version'], new Date(at).toISOString()]],
      ),
    );
    const distTags = Object.fromEntries(tags.get(name) ?? []);
    return Buffer.from(JSON.stringify({ name, 'dist-tags': distTags, versions, time }));
  }

  function withDist({ manifest, tarball }: Published, base: string): Record<string, unknown> {
    const path = tarballPath(String(manifest['name']), String(manifest['version']));
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const own: unknown = manifest['dist'];
    const more = typeof own === 'object' && own !== null ? own : {};
    return { ...manifest, dist: { ...more, tarball: `${base}${path}`, integrity } };
  }

  function address(): string {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('The registry is not listening');
    return `http://127.0.0.1:${bound.port}`;
  }

  function find(name: string, version: string): Published {
    const found = published.get(tarballPath(name, version));
    if (found === undefined) throw new Error(`There is no ${name}@${version} to speak of`);
    return found;
  }

  await publish(...packages);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${address()}/`,
    requests,
    publish,
    tag: setTag,
    lie(part, name, how) {
      if (how === null) lies.delete(`${part} ${name}`);
      else lies.set(`${part} ${name}`, how);
    },
    announce(name, versions, publishedAt = Date.now() - MONTH) {
      const listed = { publishedAt, tarball: Buffer.alloc(0) };
      for (const version of versions) {
        published.set(tarballPath(name, version), { manifest: { name, version }, ...listed });
        setTag(name, 'latest', version);
      }
    },
    unpublish(name, version) {
      find(name, version);
      published.delete(tarballPath(name, version));
    },
    relabel(name, version, as) {
      const found = find(name, version);
      published.delete(tarballPath(name, version));
      published.set(tarballPath(name, as), { ...found, manifest: { ...found.manifest, version: as } });
      setTag(name, 'latest', as);
    },
    amend(name, version, change) {
      const found = find(name, version);
      found.manifest = { ...found.manifest, ...change };
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
  } else if (typeof lie === 'object') {
    const { instead } = lie;
    response.writeHead(200).end(typeof instead === 'string' ? instead : JSON.stringify(instead));
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
  if (packages.length === 0) return new Map();
  const root = await mkdtemp(join(tmpdir(), 'registry-'));
  try {
    const folders: string[] = [];
    for (const [index, each] of packages.entries())
      folders.push(await writePackage(join(root, String(index)), each));
    const env = { ...process.env, npm_config_cache: join(root, 'cache'), npm_config_loglevel: 'silent' };
    const argv = ['pack', '--ignore-scripts', '--pack-destination', root, ...folders];
    await promisify(execFile)('npm', argv, { cwd: root, env });
    const entries = packages.map(async (each): Promise<[string, Published]> => {
      const { name, version, publishedAt = Date.now() - MONTH } = each;
      const tarball = await readFile(join(root, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`));
      const manifest = { name, version, ...each.manifest, ...each.registry };
      return [tarballPath(name, version), { manifest, publishedAt, tarball }];
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

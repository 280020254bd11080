// npm registry on loopback that serves the packages in node_modules of the clone: an installation then needs no network.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isObject } from '../../src/core/base/guards.ts';

export interface InstalledRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** One version of a package, as it lies in node_modules. */
interface InstalledPackage {
  readonly folder: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** Serves what `package-lock.json` below `root` lists for use, development tools left out. */
export async function serveInstalled(root: string): Promise<InstalledRegistry> {
  const packages = findPackages(root);
  const server = createServer(({ url = '/' }, response) => {
    const [name = '', version] = decodeURIComponent(url).slice(1).split('/-/');
    const own = packages.filter(({ manifest }) => manifest['name'] === name);
    const one = own.find(({ manifest }) => `${String(manifest['version'])}.tgz` === version);
    if (version !== undefined && one !== undefined) sendTarball(response, one.folder);
    else if (version === undefined && own.length > 0) response.end(packument(name, own, base));
    else response.writeHead(404).end('{"error":"Not found"}');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The registry is not listening');
  const base = `http://127.0.0.1:${address.port}`;
  return {
    url: `${base}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function findPackages(root: string): readonly InstalledPackage[] {
  const lock: { packages: Record<string, { dev?: boolean; devOptional?: boolean }> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path]) => join(root, path))
    .filter((folder) => existsSync(folder))
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}

function readManifest(folder: string): Readonly<Record<string, unknown>> {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return isObject(manifest) ? manifest : {};
}

function packument(name: string, packages: readonly InstalledPackage[], base: string): string {
  const versions = packages.map(({ manifest }) => {
    const version = String(manifest['version']);
    return [version, { ...manifest, dist: { tarball: `${base}/${name}/-/${version}.tgz` } }] as const;
  });
  const latest = versions.at(-1)?.[0];
  return JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) });
}

/** npm drops the first part of each path in a tarball, here the dot. */
function sendTarball(response: ServerResponse, folder: string): void {
  const tar = spawn('tar', ['-czf', '-', '--exclude=./node_modules', '-C', folder, '.']);
  tar.stdout.pipe(response);
}

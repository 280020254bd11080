// Index of Python packages on loopback: answers as PEP 691 says, and misbehaves when it is told to.
import { createServer } from 'node:http';

import { buildWheel, type WheelPlan } from './wheel.ts';

export interface Release extends WheelPlan {
  /** ISO time. */
  readonly uploaded?: string;
  /** The reason, or true for none. */
  readonly yanked?: string | true;
  readonly provenance?: boolean;
  /** A source distribution in place of a wheel. */
  readonly isSource?: boolean;
  /** The index promises another hash than what it serves has. */
  readonly isMangled?: boolean;
}

export interface PythonIndex {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Answers everything with this status from then on; null behaves again. */
  answer: number | null;
  /** Serves only HTML, as the oldest indexes do. */
  isOld: boolean;
  publish(release: Release): void;
  close(): Promise<void>;
}

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';

interface PublishedFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly release: Release;
}

export async function startPythonIndex(releases: readonly Release[] = []): Promise<PythonIndex> {
  const projects = new Map<string, PublishedFile[]>();
  const server = createServer(({ url = '/', headers }, response) => {
    index.asked.push(url);
    const [, kind, name = ''] = url.split('/');
    const files = projects.get(name);
    if (index.answer !== null) response.writeHead(index.answer).end();
    else if (kind === 'files') {
      const file = [...projects.values()].flat().find((each) => each.name === name);
      response.writeHead(file === undefined ? 404 : 200).end(file?.bytes);
    } else if (files === undefined) response.writeHead(404).end();
    else if (index.isOld || !(headers.accept ?? '').includes(JSON_TYPE))
      response.writeHead(200, { 'content-type': 'text/html' }).end(pageOf(files));
    else response.writeHead(200, { 'content-type': JSON_TYPE }).end(JSON.stringify(projectOf(name, files)));
  });
  const index: PythonIndex = {
    url: '',
    asked: [],
    answer: null,
    isOld: false,
    publish(release) {
      const name = release.name.replaceAll(/[-_.]+/g, '-').toLowerCase();
      const wheel = buildWheel(release);
      const file =
        release.isSource === true ? `${name.replaceAll('-', '_')}-${release.version}.tar.gz` : wheel.file;
      const sha256 = release.isMangled === true ? '0'.repeat(64) : wheel.sha256;
      const known = projects.get(name) ?? [];
      projects.set(name, [...known, { name: file, bytes: wheel.bytes, sha256, release }]);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  for (const release of releases) index.publish(release);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return Object.assign(index, { url: `http://127.0.0.1:${port}/simple` });
}

function projectOf(name: string, files: readonly PublishedFile[]): object {
  return {
    meta: { 'api-version': '1.1' },
    name,
    versions: [...new Set(files.map(({ release }) => release.version))],
    files: files.map(({ name: filename, bytes, sha256, release }) => ({
      filename,
      url: `/files/${filename}`,
      hashes: { sha256 },
      size: bytes.length,
      'upload-time': release.uploaded ?? '2025-01-01T00:00:00Z',
      yanked: release.yanked ?? false,
      ...(release.requiresPython !== undefined && { 'requires-python': release.requiresPython }),
      provenance: release.provenance === true ? `http://127.0.0.1/provenance/${filename}` : null,
    })),
  };
}

function pageOf(files: readonly PublishedFile[]): string {
  const links = files.map(({ name, sha256, release }) => {
    const yanked = release.yanked === undefined ? '' : ' data-yanked=""';
    return `<a href="/files/${name}#sha256=${sha256}"${yanked}>${name}</a>`;
  });
  return `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`;
}

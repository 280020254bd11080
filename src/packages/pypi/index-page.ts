// Page of one project in a Python index (PEP 691 and its successors): fetched as JSON, and read without trust.
import { isObject, parseJson } from '../../core/base/guards.ts';
import { formatVersion, parseVersion } from '../../core/python/pep440.ts';
import { createHttpClient } from '../../system/net/http-client.ts';
import type { HttpClient, HttpResponse } from '../../system/net/http-client.ts';
import type { ManagerEnvironment, ManagerRun } from '../manager/package-manager.ts';

/** What the index says of one version, over all of its files. */
export interface IndexVersion {
  /** In its normal form. */
  readonly version: string;
  readonly hasWheel: boolean;
  /** Ms since the epoch, of its newest wheel: one can be added to an old release. Null when the index does not tell. */
  readonly uploadedAt: number | null;
  /** The reason when all of its files were withdrawn, else null. */
  readonly yanked: string | null;
  readonly engine: string | null;
  /** Whether each wheel has a statement of where it was built. */
  readonly isAttested: boolean;
}

export interface IndexProject {
  readonly versions: readonly IndexVersion[];
  /** What its maintainers say of the project as a whole: archived, deprecated; null when it is active. */
  readonly status: string | null;
}

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const MOST_REDIRECTS = 3;
/** Bytes. The largest projects of the public index take 10 MB. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Fetches the page of a project; null when the index has no JSON for us: an old one, or one that wants a login that only uv
 * has. Never rejects.
 *
 * @param index without credentials, as uv prints it
 */
export async function fetchProject(
  index: string,
  name: string,
  run: ManagerRun,
): Promise<IndexProject | null> {
  if (!/^https?:/u.test(index) || !URL.canParse(index)) return null;
  const client = createHttpClient(run.environment);
  try {
    const url = new URL(`${index.replace(/\/+$/u, '')}/${name}/`);
    const text = await readText(client, url, run);
    return text === null ? null : readProject(parseJson(text));
  } catch {
    return null;
  } finally {
    client.dropSockets();
  }
}

async function readText(client: HttpClient, first: URL, run: ManagerRun): Promise<string | null> {
  const expired = new AbortController();
  const cancel = run.clock.after(run.timeout, () => expired.abort());
  const signal = AbortSignal.any([expired.signal, run.signal]);
  try {
    let url = first;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const credentials = credentialsFor(url, run.environment);
      const headers = { accept: JSON_TYPE, ...(credentials !== null && { authorization: credentials }) };
      const response = await client.send({ method: 'GET', url, headers, signal });
      const next = response.headers['location'];
      if (response.status < 300 || response.status >= 400 || next === undefined)
        return await readBody(response);
      response.body.destroy();
      url = new URL(next, url);
    }
    return null;
  } finally {
    cancel();
  }
}

async function readBody({ status, headers, body }: HttpResponse): Promise<string | null> {
  if (status !== 200 || !(headers['content-type'] ?? '').includes('json')) {
    body.destroy();
    return null;
  }
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    if (!Buffer.isBuffer(part)) continue;
    length += part.length;
    if (length > LONGEST) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** User and password as the user gave them to uv in the address of an index; only for the same origin. */
function credentialsFor(url: URL, environment: ManagerEnvironment): string | null {
  const written = Object.entries(environment)
    .filter(([name]) => /^UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL)$/u.test(name))
    .flatMap(([, value]) => (value ?? '').split(/\s+/u))
    .map((each) => each.replace(/^[\w.-]+=/u, ''));
  for (const each of written) {
    const known = URL.canParse(each) ? new URL(each) : null;
    if (known === null || known.origin !== url.origin || known.username === '') continue;
    const pair = `${decodeURIComponent(known.username)}:${decodeURIComponent(known.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return null;
}

/** Reads a page; null without a list of files. Files that are no package, or of no version, are passed over. */
export function readProject(page: unknown): IndexProject | null {
  if (!isObject(page) || !Array.isArray(page['files'])) return null;
  const files: readonly unknown[] = page['files'];
  const byVersion = new Map<string, IndexFile[]>();
  for (const file of files.map(readFile).filter((each) => each !== null)) {
    byVersion.set(file.version, [...(byVersion.get(file.version) ?? []), file]);
  }
  const status = page['project-status'];
  return {
    versions: [...byVersion].map(([version, own]) => summarize(version, own)),
    status: isObject(status) ? readStatus(status) : null,
  };
}

interface IndexFile {
  readonly version: string;
  readonly isWheel: boolean;
  readonly uploadedAt: number;
  readonly yanked: string | null;
  readonly engine: string | null;
  readonly isAttested: boolean;
}

function readFile(file: unknown): IndexFile | null {
  if (!isObject(file)) return null;
  const { filename, yanked } = file;
  if (typeof filename !== 'string') return null;
  const isWheel = filename.endsWith('.whl');
  const written = isWheel
    ? filename.split('-')[1]
    : /^.+?-(\d[^-]*)\.(?:tar\.gz|zip|tar\.bz2)$/u.exec(filename)?.[1];
  const version = parseVersion(written ?? '');
  if (version === null) return null;
  const engine = file['requires-python'];
  return {
    version: formatVersion(version),
    isWheel,
    uploadedAt: Date.parse(String(file['upload-time'])),
    yanked: typeof yanked === 'string' ? yanked.trim() || NO_REASON : yanked === true ? NO_REASON : null,
    engine: typeof engine === 'string' && engine.trim() !== '' ? engine.trim() : null,
    isAttested: typeof file['provenance'] === 'string',
  };
}

const NO_REASON = 'withdrawn without a word';

function summarize(version: string, files: readonly IndexFile[]): IndexVersion {
  const wheels = files.filter(({ isWheel }) => isWheel);
  const used = wheels.length > 0 ? wheels : files;
  const times = used.map(({ uploadedAt }) => uploadedAt);
  const isKnown = times.every((each) => !Number.isNaN(each));
  return {
    version,
    hasWheel: wheels.length > 0,
    uploadedAt: isKnown ? Math.max(...times) : null,
    yanked: used.every((each) => each.yanked !== null) ? (used[0]?.yanked ?? null) : null,
    engine: used.find(({ engine }) => engine !== null)?.engine ?? null,
    isAttested: wheels.length > 0 && wheels.every(({ isAttested }) => isAttested),
  };
}

function readStatus({ status, reason }: Readonly<Record<string, unknown>>): string | null {
  if (typeof status !== 'string' || status === 'active') return null;
  return `the project is ${status}${typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''}`;
}

// Checks before a start: the program and the folder of the server exist, and its port is free.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { capitalised } from '../core/base/text.ts';
import type { StartFailure } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Clock } from '../system/time/clock.ts';
import { userHome } from '../system/files/paths.ts';
import { findProgram } from './program/find-program.ts';
import { folderFault } from './program/working-folder.ts';

/** Outcome of the checks: argv without a shell, the folder to start it in, the version that will run; or why not. */
export type PreparedStart =
  | {
      readonly ok: true;
      readonly argv: readonly [string, ...string[]];
      readonly cwd: string;
      readonly version: string | null;
      /** Folder that comes first on the PATH of the server; left out where that stays as it is. */
      readonly programs?: string;
    }
  | { readonly ok: false; readonly failure: StartFailure };

/** Outcome of the installer for a package. */
type Resolved =
  | {
      readonly ok: true;
      readonly argv: readonly [string, ...string[]];
      readonly version: string;
      readonly programs?: string;
    }
  | { readonly ok: false; readonly failure: StartFailure };

export interface PrepareParts {
  readonly home: string;
  readonly resolvePackage: (spec: ServerSpec, signal: AbortSignal) => Promise<Resolved>;
  /** Finds who listens on a port at one of these addresses of this machine; null when nobody does. */
  readonly whoListens: (
    port: number,
    addresses: readonly string[],
  ) => Promise<{ readonly pid: number | null; readonly command: string | null } | null>;
  readonly missingFor: MissingTimes;
}

export async function prepareServer(
  spec: ServerSpec,
  signal: AbortSignal,
  parts: PrepareParts,
): Promise<PreparedStart> {
  const cwd = spec.cwd ?? parts.home;
  const fault = refuseFolder(spec.name, cwd, parts.missingFor);
  if (fault !== null) return fault;
  const program = await resolveProgram(spec, signal, parts);
  if (!program.ok) return program;
  parts.missingFor.forget(spec.name);
  const holder = await portHolder(spec, parts);
  if (holder !== null) return holder;
  const [file, ...rest] = program.argv;
  const { version, programs } = program;
  const argv = [file, ...rest, ...spec.args] as const;
  return { ok: true, argv, cwd, version, ...(programs !== undefined && { programs }) };
}

async function resolveProgram(
  spec: ServerSpec,
  signal: AbortSignal,
  parts: PrepareParts,
): Promise<
  | { ok: true; argv: readonly [string, ...string[]]; version: string | null; programs?: string }
  | { ok: false; failure: StartFailure }
> {
  if (spec.source.kind === 'package') return parts.resolvePackage(spec, signal);
  if (spec.source.kind === 'url') throw new TypeError(`Cannot start "${spec.name}": it is only watched`);
  const [command, ...rest] = spec.source.command;
  const path = spec.env['PATH'] ?? process.env['PATH'] ?? '';
  const found = findProgram(command, { path, cwd: spec.cwd ?? parts.home, home: userHome() });
  if (found.ok) return { ok: true, argv: [found.file, ...rest], version: null };
  const { why, hint, lasts } = found.fault;
  // A package manager may be replacing it right now, or a volume is not mounted yet.
  const retry = lasts ? 'never' : retryOfMissing(spec.name, parts.missingFor);
  const file = command.includes('/') && !lasts ? resolve(spec.cwd ?? parts.home, command) : null;
  const awaits = file !== null && !existsSync(file) ? file : undefined;
  return refuse('EXECUTABLE_MISSING', { retry, why, hint, awaits });
}

/** Refuses a start in a folder that is not there; null when it can start in it. */
function refuseFolder(name: string, cwd: string, missingFor: MissingTimes): RefusedStart | null {
  const fault = folderFault(name, cwd);
  if (fault === null) return null;
  const { kind, why, cure } = fault;
  return refuse('CWD_MISSING', {
    retry: kind === 'no folder' ? 'never' : retryOfMissing(name, missingFor),
    why,
    hint: `${capitalised(cure)}.`,
    awaits: kind === 'absent' ? cwd : undefined,
  });
}

/** Soon at first; later only when it appears, at long intervals, or when a person asks. */
function retryOfMissing(server: string, missingFor: MissingTimes): StartFailure['retry'] {
  return missingFor.measure(server) >= WORTH_RETRYING ? 'never' : 'backoff';
}

/** Ms for which a missing program or folder may be on its way. */
const WORTH_RETRYING = 60_000;

/** Time for which the program or the folder of servers has been missing. */
export interface MissingTimes {
  /** Returns the ms since it was first found missing. */
  measure(server: string): number;
  forget(server: string): void;
}

export function createMissingTimes({ monotonic }: Pick<Clock, 'monotonic'>): MissingTimes {
  const since = new Map<string, number>();
  return {
    measure(server) {
      const now = monotonic();
      const first = since.get(server) ?? now;
      since.set(server, first);
      return now - first;
    },
    forget: (server) => void since.delete(server),
  };
}

async function portHolder(spec: ServerSpec, { whoListens }: PrepareParts): Promise<PreparedStart | null> {
  const port = localPort(spec.url);
  if (port === null) return null;
  const holder = await whoListens(port, localAddresses(spec.url));
  if (holder === null) return null;
  const who =
    holder.pid === null
      ? 'a process of another user'
      : `pid ${holder.pid} (${holder.command ?? 'unknown command'})`;
  return refuse('PORT_IN_USE', {
    retry: 'backoff',
    why: `port ${port} is held by ${who}`,
    hint: `End that process, or give servers.${spec.name} another port in url and args.`,
  });
}

/** Reads the port that a server of ours will listen on; null when its url is not on this machine. */
export function localPort(url: string | null): number | null {
  if (url === null) return null;
  const { hostname, port, protocol } = new URL(url);
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return isLocal ? Number(port) || (protocol === 'https:' ? 443 : 80) : null;
}

/** Lists the addresses where a client looks for it: `localhost` is two, and a stranger at one of them is in the way. */
export function localAddresses(url: string | null): readonly string[] {
  if (localPort(url) === null || url === null) return [];
  const { hostname } = new URL(url);
  return hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replaceAll(/[[\]]/gu, '')];
}

type RefusedStart = Extract<PreparedStart, { ok: false }>;

interface Refusal extends Pick<StartFailure, 'retry' | 'awaits'> {
  readonly why: string;
  readonly hint: string;
}

function refuse(code: StartFailure['code'], { retry, why, hint, awaits }: Refusal): RefusedStart {
  // The folders of the PATH help with the cure, and push all else out of a line that tells only the cause.
  const cause = why.replace(/(?<=on the PATH): .*$/su, '');
  const failure = { code, message: `Cannot start it: ${why}`, hint, retry, cause };
  return { ok: false, failure: awaits === undefined ? failure : { ...failure, awaits } };
}

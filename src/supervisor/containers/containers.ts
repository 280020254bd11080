// Containers that servers are: marked at the start, ended with their client, measured through their engine.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ContainerLine,
  markContainer,
  parseContainerLine,
} from '../../core/containers/container-line.ts';
import { isDarwin } from '../../system/platform.ts';
import type { Clock } from '../../system/time/clock.ts';
import { endContainer } from './container-engine.ts';
import {
  type ContainerRecord,
  engineEnvironment,
  makeRecordFolder,
  readContainerId,
  readRecords,
  removeRecord,
  writeRecord,
} from './container-records.ts';
import { createContainerUsage, type ContainerUsage } from './container-usage.ts';

/** A start as it is about to happen. */
export interface ContainerStart {
  readonly server: string;
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Of this process alone. */
  readonly marker: string;
}

export interface ClaimedStart {
  readonly argv: readonly [string, ...string[]];
  /** Null when it starts no container. */
  readonly container: ClaimedContainer | null;
}

export interface ClaimedContainer {
  /** Ends the container if it still runs; never rejects. Its client is gone by then. */
  end(): Promise<void>;
  /** Nothing was started. */
  discard(): void;
}

export interface Containers {
  /** Adds to a line of `docker run` or `podman run` what finds its container again; every other line stays as it is. */
  claim(start: ContainerStart): ClaimedStart;
  /** Ends what an earlier daemon left. */
  reap(): Promise<void>;
  /** What the containers of a server use by the latest reading; null where there are none, or the engine does not tell. */
  usageOf(server: string): ContainerUsage | null;
}

export interface ContainersOptions {
  /** Of the records, absolute. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

const LABEL = 'mcp-watchdog';
/** Containers that could not be ended, of which only the newest are kept in mind. */
const MOST_LEFT = 20;

export function createContainers({ folder, clock, log }: ContainersOptions): Containers {
  const usage = createContainerUsage({ clock });
  /** Of earlier daemons or of this one: their engine did not answer when they were to be ended. */
  const left = new Map<string, ContainerRecord>();

  /** False when the engine did not answer, and the container may still run. */
  async function end(path: string, record: ContainerRecord): Promise<boolean> {
    const { server, label, cidfile } = record;
    const id = readContainerId(cidfile);
    const fault = await endContainer({ ...record, id }).catch(String);
    // Where its client has written no id, and reached no engine either, none was made.
    const isUnborn = cidfile !== null && id === null;
    if (fault === null || isUnborn) {
      left.delete(path);
      removeRecord(path, cidfile);
      return fault === null;
    }
    const isKnown = left.has(path);
    left.set(path, record);
    forgetOldest();
    const engine = record.client[0];
    if (!isKnown)
      log.warn(
        { server, label, engine, fault },
        'Cannot end a container; it is tried again with the next start',
      );
    return false;
  }

  /** An engine that is away for days must not fill a list. */
  function forgetOldest(): void {
    const [oldest] = left;
    if (left.size <= MOST_LEFT || oldest === undefined) return;
    left.delete(oldest[0]);
    removeRecord(oldest[0], oldest[1].cidfile);
  }

  function claim(start: ContainerStart): ClaimedStart {
    const line = parseContainerLine(start.argv);
    if (line === null || line.isDetached) return { argv: start.argv, container: null };
    for (const [path, record] of left) void end(path, record);
    const { record, path, argv, added } = mark(start, line, folder);
    try {
      makeRecordFolder(folder);
      writeRecord(path, record);
    } catch (err) {
      log.warn(
        { server: start.server, err },
        'Cannot write down a container; a killed daemon would leave it',
      );
    }
    log.info({ server: start.server, added }, 'Starts a container, with options of ours');
    const release = usage.add(start.server, record);
    return {
      argv,
      container: {
        async end() {
          release();
          await end(path, record);
        },
        discard() {
          release();
          removeRecord(path, record.cidfile);
        },
      },
    };
  }

  return {
    claim,
    async reap() {
      const found = readRecords(folder);
      await Promise.all(
        found.map(async ({ path, record }) => {
          const { server, label } = record;
          if (await end(path, record))
            log.info({ server, label }, 'Ended the container of an earlier daemon, if it still ran');
        }),
      );
    },
    usageOf: (server) => usage.of(server),
  };
}

interface MarkedStart {
  readonly path: string;
  readonly record: ContainerRecord;
  readonly argv: readonly [string, ...string[]];
  readonly added: readonly string[];
}

function mark(
  { server, argv, env, marker }: ContainerStart,
  line: ContainerLine,
  folder: string,
): MarkedStart {
  const file = join(folder, randomUUID());
  const label = `${LABEL}.run=${marker}`;
  // Where the user wants the id elsewhere, the label alone finds the container.
  const cidfile = isConfined(line) || line.cidfile !== null ? null : `${file}.cid`;
  const marked = markContainer(argv, line, {
    init: !line.hasInit && canInit(line),
    cidfile,
    labels: { [`${LABEL}.server`]: server, [`${LABEL}.run`]: marker },
  });
  const { client, isRemoved } = line;
  const record = { server, label, isRemoved, cidfile, client, env: engineEnvironment(env) };
  return { path: `${file}.json`, record, ...marked };
}

/** A client from a snap may not write into hidden folders; the label alone finds its containers. */
function isConfined({ client }: ContainerLine): boolean {
  return client[0].startsWith('/snap/');
}

/** Podman wants a program of its own for `--init`, which not every machine has; elsewhere than on Linux it is in its virtual machine. */
const CATATONIT = [
  '/usr/libexec/podman',
  '/usr/local/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/lib/podman',
  '/usr/bin',
];

function canInit({ engine }: ContainerLine): boolean {
  return engine === 'docker' || isDarwin || CATATONIT.some((folder) => existsSync(join(folder, 'catatonit')));
}

// The gateway's front in the daemon: its key and files in the run folder, its listeners as the config says, also after a reload.
import { join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { GatewayServers } from '../../core/gateway/model.ts';
import type { GatewaySettings } from '../../core/model/gateway-policy.ts';
import { readSecureFile } from '../../config/read/secure-file.ts';
import { prepareSocketPath, removeSocketPath } from '../../control/control-paths.ts';
import { trackFileIdentity } from '../../control/file-identity.ts';
import { openDeletedSessions, type DeletedSessions } from '../../gateway/deleted-sessions.ts';
import {
  createGatewayFront,
  type FrontOptions,
  type FrontSettings,
  type GatewayFront,
} from '../../gateway/gateway-endpoints.ts';
import { openGenerations, type Generations } from '../../gateway/generations.ts';
import { createSessionIds } from '../../gateway/session-id.ts';
import { loadSessionKey } from '../../gateway/session-key.ts';
import type { Paths } from '../../system/files/paths.ts';
import { findPortOwner } from '../../system/net/port-owner.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface FrontParts {
  readonly paths: Pick<Paths, 'run'>;
  readonly clock: Clock;
  readonly servers: GatewayServers;
  readonly onRefused?: NonNullable<FrontOptions['onRefused']>;
  readonly onUnread?: NonNullable<FrontOptions['onUnread']>;
  readonly log: { warn(facts: object, sentence: string): void };
}

/** Something that the config asks for and that cannot be: the gateway goes on without it. */
interface FrontTrouble {
  readonly part: 'tcp' | 'socket' | 'token';
  readonly message: string;
  readonly hint: string | null;
}

export interface OpenedFront {
  readonly front: GatewayFront;
  readonly generations: Generations;
  /** `http://127.0.0.1:9639`; null when no TCP port is served. */
  readonly url: string | null;
  readonly troubles: readonly FrontTrouble[];
  /** Opens what the settings name and closes what they do not; what is unchanged stays open. Never rejects. */
  apply(settings: GatewaySettings): Promise<void>;
  /** Makes the socket again where somebody removed it; tries again what failed before. Never rejects. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

/** Path of the socket as it is called in the home. */
function socketIn({ run }: FrontParts['paths']): string {
  return join(run, 'gateway.sock');
}

/** Opens key and files; listens nowhere before the first `apply`. */
export function openFront(parts: FrontParts): OpenedFront {
  const { paths, clock, log } = parts;
  const now = (): number => clock.now();
  const generations = openGenerations(join(paths.run, 'gateway-generations.json'), (error) =>
    log.warn(
      { error: messageOf(error) },
      'Cannot note which program a server is: its sessions end with the daemon',
    ),
  );
  let settings: GatewaySettings | null = null;
  // Made once for each config: it is asked for several times a request.
  let current: FrontSettings = { ...NOTHING, token: null };
  const front = createGatewayFront({
    ...parts,
    ids: createSessionIds(openKey(parts), now),
    deleted: openDeleted(parts, now),
    settings: () => current,
    whoListens: findPortOwner,
  });
  const listeners = createOpenings(front, paths);
  // One after the other: two reloads must not open the same port.
  let turn: Promise<void> = Promise.resolve();

  async function open(wanted: GatewaySettings): Promise<void> {
    const read = readToken(wanted.tokenFile);
    const isUsable = typeof read === 'string' || read === null;
    current = { ...wanted, token: isUsable ? read : current.token };
    settings = wanted;
    // Without its token the port would let everybody in.
    await listeners.open(isUsable ? wanted : { ...wanted, listen: null }, isUsable ? [] : [read]);
    for (const trouble of listeners.fresh()) log.warn({ ...trouble }, 'The gateway lacks a part');
  }

  const next = (work: () => Promise<void>): Promise<void> => (turn = turn.then(work));
  return {
    front,
    generations,
    get url() {
      return listeners.url;
    },
    get troubles() {
      return listeners.troubles;
    },
    apply: (wanted) => next(() => open(wanted)),
    renew: () => next(async () => (settings === null || listeners.isIntact() ? undefined : open(settings))),
    close: () =>
      next(async () => {
        await front.close();
        listeners.remove();
      }),
  };
}

const NOTHING = { allowedHosts: [], allowedOrigins: [], maxBody: 0 };

/** What is open, and what could not be opened. */
function createOpenings(front: GatewayFront, paths: FrontParts['paths']) {
  const wantedSocket = socketIn(paths);
  let troubles: readonly FrontTrouble[] = [];
  let told = new Set<string>();
  let address = '';
  let url: string | null = null;
  let socket: { readonly path: string; readonly isThere: () => boolean } | null = null;

  async function openTcp(listen: GatewaySettings['listen']): Promise<FrontTrouble[]> {
    const key = JSON.stringify(listen);
    if (key === address) return [];
    try {
      url = await front.listenOn(listen);
      address = key;
      return [];
    } catch (error) {
      return [troubleOf('tcp', error)];
    }
  }

  async function openSocket(isWanted: boolean): Promise<FrontTrouble[]> {
    if (isWanted && socket?.isThere() === true) return [];
    try {
      await front.listenOnSocket(null);
      remove();
      if (!isWanted) return [];
      const path = prepareSocketPath(wantedSocket);
      await front.listenOnSocket(path);
      socket = { path, isThere: trackFileIdentity(path) };
      return [];
    } catch (error) {
      return [troubleOf('socket', error)];
    }
  }

  function remove(): void {
    if (socket !== null) removeSocketPath(wantedSocket, socket.path);
    socket = null;
  }

  return {
    remove,
    get url() {
      return url;
    },
    get troubles() {
      return troubles;
    },
    isIntact: () => troubles.length === 0 && socket?.isThere() !== false,
    async open(
      { listen, socket: isWanted }: GatewaySettings,
      earlier: readonly FrontTrouble[],
    ): Promise<void> {
      troubles = [...earlier, ...(await openTcp(listen)), ...(await openSocket(isWanted))];
    },
    /** Troubles that were not there the last time. */
    fresh(): readonly FrontTrouble[] {
      const before = told;
      told = new Set(troubles.map(({ message }) => message));
      return troubles.filter(({ message }) => !before.has(message));
    },
  };
}

const SUBJECTS = {
  tcp: 'The gateway cannot listen on its port',
  socket: 'The gateway cannot make its socket',
  token: 'The gateway cannot read its token',
} as const satisfies Readonly<Record<FrontTrouble['part'], string>>;

function troubleOf(part: FrontTrouble['part'], error: unknown): FrontTrouble {
  if (error instanceof WatchdogError) return { part, message: error.message, hint: error.hint };
  return {
    part,
    message: `${SUBJECTS[part]}: ${messageOf(error)}`,
    hint: 'It is tried again by itself; mcp-watchdog doctor says what is wrong with the home or the port',
  };
}

function readToken(path: string | null): string | null | FrontTrouble {
  if (path === null) return null;
  try {
    const { text, isReadableByOthers } = readSecureFile(path, 'whoever knows the token may use every server');
    const token = text.trim();
    const hint = `Write one line into it, of 16 characters or more without spaces, and make it private: chmod 600 ${path}`;
    if (isReadableByOthers)
      return { part: 'token', message: `Cannot use the token in "${path}": other users may read it`, hint };
    if (!/^\S{16,512}$/u.test(token))
      return {
        part: 'token',
        message: `Cannot use the token in "${path}": it is not one word of 16 characters or more`,
        hint,
      };
    return token;
  } catch (error) {
    return troubleOf('token', error);
  }
}

function openKey({ paths, log }: FrontParts): Buffer {
  const path = join(paths.run, 'gateway.key');
  const { key, loss, unsaved } = loadSessionKey(path);
  if (unsaved !== null)
    log.warn(
      { path, error: unsaved.message },
      'Cannot save the key of the gateway: clients greet again after the next restart',
    );
  // A home that is new has no key; nobody needs to hear of that.
  if (loss !== null && loss !== 'missing')
    log.warn({ path, reason: loss }, 'The key of the gateway was made anew: clients have to greet again');
  return key;
}

function openDeleted({ paths, log }: FrontParts, now: () => number): DeletedSessions {
  const path = join(paths.run, 'gateway-deleted');
  try {
    return openDeletedSessions(path, now);
  } catch (error) {
    log.warn(
      { path, error: messageOf(error) },
      'Cannot keep which sessions were ended: a later daemon would take them',
    );
    const known = new Set<string>();
    return { add: (session) => void known.add(session), has: (session) => known.has(session) };
  }
}

// Secrets kept by the system, `${keychain:SERVICE/ACCOUNT}` on macOS and `${secret:NAME}` on Linux, read while a config is loaded.
import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { codeOf } from '../../core/base/guards.ts';
import { neutralise } from '../../core/base/text.ts';
import { platform as thisPlatform } from '../../system/platform.ts';
import { systemClock } from '../../system/time/clock.ts';
import type { Clock } from '../../system/time/clock.ts';

export type StoreKind = 'keychain' | 'secret';

/** `reason` is one line, `what; cure`, and never holds the secret. */
type StoreAnswer = { readonly value: string } | { readonly reason: string };

export type LookUp = (kind: StoreKind, name: string) => StoreAnswer;

export interface StoreOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  readonly clock?: Pick<Clock, 'monotonic'>;
  /** Ms for all questions of one load together: a locked store may ask its owner in a window, and wait. */
  readonly timeout?: number;
}

const TIMEOUT = 10_000;
/** A certificate with its key needs a tenth of it. */
const LARGEST_ANSWER = 256 * 1024;

/** What this process was given: a command that reads the config several times asks its owner once. The daemon reads it in a process of its own. */
const given = new Map<string, StoreAnswer>();

/** Opens the stores for one load of a config: each reference is asked for once, however often it is used. */
export function openSecretStores({
  environment,
  platform = thisPlatform,
  clock = systemClock,
  timeout = TIMEOUT,
}: StoreOptions): LookUp {
  const answers = new Map<string, StoreAnswer>();
  let deadline: number | null = null;
  const ask = (argv: readonly [string, ...string[]]): Ended => {
    deadline ??= clock.monotonic() + timeout;
    const left = Math.ceil(deadline - clock.monotonic());
    return left > 0 ? runTool(argv, environment, left) : { kind: 'timeout' };
  };
  return (kind, name) => {
    const key = JSON.stringify([kind, name, platform, environment['HOME'], environment['PATH']]);
    const known = given.get(key) ?? answers.get(key);
    const answer = known ?? STORES[kind](name, { platform, ask, seconds: timeout / 1000 });
    ('value' in answer ? given : answers).set(key, answer);
    return answer;
  };
}

type Ended =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'exit'; readonly code: number | null; readonly stdout: string; readonly stderr: string };

interface StoreContext {
  readonly platform: NodeJS.Platform;
  readonly ask: (argv: readonly [string, ...string[]]) => Ended;
  readonly seconds: number;
}

type Store = (name: string, context: StoreContext) => StoreAnswer;

const STORES: Readonly<Record<StoreKind, Store>> = { keychain: askKeychain, secret: askSecretService };

/** Service under which `secret-tool` and Python's `keyring` store what `${secret:NAME}` means. */
const SERVICE = 'mcp-watchdog';

function askKeychain(name: string, { platform, ask, seconds }: StoreContext): StoreAnswer {
  const [, service, account] = /^([^;'"\\`$\p{Cc}]+)\/([^/;'"\\`$\p{Cc}]+)$/u.exec(name) ?? [];
  if (service === undefined || account === undefined)
    return { reason: 'names no keychain item; write ${keychain:SERVICE/ACCOUNT}' };
  const item = `the keychain item ${service}/${account}`;
  if (platform !== 'darwin')
    return { reason: `needs ${item}, and only macOS has a keychain; on Linux write \${secret:NAME}` };
  const ended = ask(['security', 'find-generic-password', '-s', service, '-a', account, '-w']);
  switch (ended.kind) {
    case 'missing':
      return {
        reason: `needs ${item}, and the program security was not found; it is in /usr/bin: add that to the PATH of the watchdog`,
      };
    case 'timeout':
      return {
        reason: `needs ${item}, and the keychain gave no answer within ${seconds} s; answer the question of macOS with Always Allow, then run mcp-watchdog reload`,
      };
    case 'exit':
      if (ended.code === 0) return valueOf(ended.stdout, item);
      return { reason: `needs ${item}, ${keychainRefusal({ ...ended, service, account })}` };
    default:
      return ended satisfies never;
  }
}

/** Explains an exit code of security: the lowest byte of an OSStatus of Security.framework (SecBase.h). */
function keychainRefusal(ended: {
  readonly code: number | null;
  readonly stderr: string;
  readonly service: string;
  readonly account: string;
}): string {
  switch (ended.code) {
    // errSecItemNotFound, -25300
    case 44:
      return `which does not exist; add it: security add-generic-password -s '${ended.service}' -a '${ended.account}' -w`;
    // errSecInteractionNotAllowed, -25308
    case 36:
      return 'and the keychain is locked, or may not ask you here (SSH, no session at the screen); run security unlock-keychain, then mcp-watchdog reload';
    // errSecAuthFailed, -25293; userCanceledErr, -128
    case 51:
    case 128:
      return 'and its use was denied; run mcp-watchdog reload and answer Always Allow';
    // errSecNoSuchKeychain, -25294; errSecNoDefaultKeychain, -25307
    case 50:
    case 37:
      return 'and there is no keychain for this user; log in at the screen once, or run security default-keychain';
    default:
      return `and security ${ending(ended)}; try security find-generic-password -s '${ended.service}' -a '${ended.account}'`;
  }
}

function askSecretService(name: string, { platform, ask, seconds }: StoreContext): StoreAnswer {
  if (!/^[\w.@][\w.@/-]*$/.test(name))
    return { reason: 'names no secret; write ${secret:NAME}, of letters, digits and . _ - @ /' };
  const item = `the secret ${name}`;
  if (platform !== 'linux')
    return {
      reason: `needs ${item} of libsecret, which only Linux has; on macOS write \${keychain:SERVICE/ACCOUNT}`,
    };
  const ended = ask(['secret-tool', 'lookup', 'service', SERVICE, 'username', name]);
  switch (ended.kind) {
    case 'missing':
      return {
        reason: `needs ${item}, and the program secret-tool was not found; install libsecret-tools (Debian, Ubuntu) or libsecret`,
      };
    case 'timeout':
      return {
        reason: `needs ${item}, and the keyring gave no answer within ${seconds} s; unlock it, then run mcp-watchdog reload`,
      };
    case 'exit':
      if (ended.code === 0) return valueOf(ended.stdout, item);
      return { reason: `needs ${item}, ${keyringRefusal(name, ended)}` };
    default:
      return ended satisfies never;
  }
}

/** What libsecret and GLib print where no keyring can be reached. */
const NO_SESSION =
  /autolaunch|Could not connect|ServiceUnknown|not provided by any|No such file|NoServer|Connection refused/iu;

function keyringRefusal(
  name: string,
  ended: { readonly code: number | null; readonly stderr: string },
): string {
  const { stderr } = ended;
  if (/locked|dismissed/iu.test(stderr))
    return 'and the keyring is locked; unlock it, then run mcp-watchdog reload';
  if (NO_SESSION.test(stderr))
    return 'and no keyring can be reached from here; it needs a desktop session of yours (DBUS_SESSION_BUS_ADDRESS) with gnome-keyring, KWallet or KeePassXC; else use an envFile';
  // It says nothing when there is no such secret.
  if (stderr.trim() === '')
    return `which does not exist; add it: secret-tool store --label=${name} service ${SERVICE} username ${name}`;
  return `and secret-tool ${ending(ended)}; try secret-tool lookup service ${SERVICE} username ${name}`;
}

/** One line break at the end belongs to the program, not to the secret. */
function valueOf(stdout: string, item: string): StoreAnswer {
  const value = stdout.replace(/\r?\n$/, '');
  if (value === '') return { reason: `needs ${item}, which is empty` };
  if (value.includes('\0')) return { reason: `needs ${item}, which holds a NUL character` };
  return { value };
}

function ending({ code, stderr }: { readonly code: number | null; readonly stderr: string }): string {
  const said = neutralise(stderr.trim().split('\n').at(-1) ?? '')
    .replaceAll(';', ',')
    .slice(0, 160);
  return `ended with ${code === null ? 'a signal' : `exit code ${code}`}${said === '' ? '' : ` (${said})`}`;
}

function runTool(
  [program, ...args]: readonly [string, ...string[]],
  environment: StoreOptions['environment'],
  timeout: number,
): Ended {
  const result: SpawnSyncReturns<string> = spawnSync(program, args, {
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: LARGEST_ANSWER,
  });
  const failure = result.error === undefined ? undefined : codeOf(result.error);
  if (failure === 'ETIMEDOUT') return { kind: 'timeout' };
  if (failure === 'ENOENT' || failure === 'EACCES') return { kind: 'missing' };
  // Cut off in the middle, a secret would be wrong in silence.
  if (failure !== undefined)
    return { kind: 'exit', code: null, stdout: '', stderr: `it failed with ${failure}` };
  return { kind: 'exit', code: result.status, stdout: result.stdout, stderr: result.stderr };
}

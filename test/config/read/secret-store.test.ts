// `${keychain:…}` and `${secret:…}`: read by the system's programs, which are played here and record what they are asked.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { effectiveYaml } from '../../../src/config/effective.ts';
import { loadConfigInChild } from '../../../src/config/load-in-child.ts';
import { ConfigError, formatProblem } from '../../../src/config/read/problems.ts';
import { openSecretStores } from '../../../src/config/read/secret-store.ts';
import type { StoreKind } from '../../../src/config/read/secret-store.ts';
import { createRedactor } from '../../../src/core/base/text.ts';
import { playStore } from '../../fakes/secret-store.ts';
import { inFolder, problemsOf, read } from '../temporary.ts';

const READER = fileURLToPath(new URL('../../../dist/config/load-child.js', import.meta.url));
const PLAYED = new URL('../../darwin/play-platform.mjs', import.meta.url).href;

const SECRET = 'correct horse battery';

interface Question {
  readonly kind?: StoreKind;
  readonly name?: string;
  readonly platform?: NodeJS.Platform;
  readonly environment?: Readonly<Record<string, string>>;
}

function answerTo({ kind = 'keychain', name = 'mcp/ada', platform = 'darwin', environment = {} }: Question) {
  return openSecretStores({ environment, platform, timeout: 20_000 })(kind, name);
}

describe('${keychain:SERVICE/ACCOUNT}', () => {
  it('asks security for the item, by service and account', () => {
    const { environment, asked } = playStore('security', { stdout: `${SECRET}\n` });
    expect(answerTo({ name: 'https://api.example.com/x/ada@example.com', environment })).toEqual({
      value: SECRET,
    });
    expect(asked()).toEqual(['find-generic-password -s https://api.example.com/x -a ada@example.com -w']);
  });

  it.each([
    [44, /does not exist; add it: security add-generic-password -s 'mcp' -a 'ada' -w$/],
    [36, /the keychain is locked.*; run security unlock-keychain/],
    [51, /its use was denied; run mcp-watchdog reload and answer Always Allow/],
    [128, /its use was denied/],
    [50, /there is no keychain for this user; log in at the screen/],
    [37, /there is no keychain for this user/],
    [1, /security ended with exit code 1 \(security: odd, it is\); try security find-generic-password/],
  ])('explains exit code %i with a cure', (code, words) => {
    const { environment } = playStore('security', { code, stderr: 'first\nsecurity: odd; it is\n' });
    expect(answerTo({ environment })).toEqual({ reason: expect.stringMatching(words) });
  });

  it.each(['', '\n'])('is not taken empty: %j', (stdout) => {
    const { environment } = playStore('security', { stdout });
    expect(answerTo({ environment })).toEqual({ reason: 'needs the keychain item mcp/ada, which is empty' });
  });

  it.each(['ada', '/ada', 'mcp/', "a'b/c", 'a;b/c', 'a$(b)/c', 'a\nb/c', ''])(
    'is not asked for as %j',
    (name) => {
      const { environment, asked } = playStore('security', { stdout: SECRET });
      expect(answerTo({ name, environment })).toEqual({
        reason: expect.stringContaining('write ${keychain:'),
      });
      expect(asked()).toEqual([]);
    },
  );

  it('says where security is when PATH has none, and names the form of Linux there', () => {
    expect(answerTo({ environment: { PATH: '/nowhere' } })).toEqual({
      reason: expect.stringMatching(/security was not found; it is in \/usr\/bin/),
    });
    expect(answerTo({ platform: 'linux' })).toEqual({
      reason: 'needs the keychain item mcp/ada, and only macOS has a keychain; on Linux write ${secret:NAME}',
    });
  });
});

describe('${secret:NAME}', () => {
  const onLinux = { kind: 'secret', name: 'GITHUB_TOKEN', platform: 'linux' } as const;

  it('asks secret-tool for the name below the service mcp-watchdog', () => {
    const { environment, asked } = playStore('secret-tool', { stdout: SECRET });
    expect(answerTo({ ...onLinux, environment })).toEqual({ value: SECRET });
    expect(asked()).toEqual(['lookup service mcp-watchdog username GITHUB_TOKEN']);
  });

  it.each([
    ['', /does not exist; add it: secret-tool store --label=GITHUB_TOKEN service mcp-watchdog username/],
    ['secret-tool: Cannot get secret of a locked object', /the keyring is locked; unlock it/],
    [
      'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY',
      /no keyring can be reached.*; .*use an envFile/,
    ],
    [
      'secret-tool: The name org.freedesktop.secrets was not provided by any .service files',
      /no keyring can be reached/,
    ],
    ['secret-tool: Could not connect: No such file or directory', /no keyring can be reached/],
    ['secret-tool: odd', /ended with exit code 1 \(secret-tool: odd\); try secret-tool lookup/],
  ])('explains %j with a cure', (stderr, words) => {
    const { environment } = playStore('secret-tool', { code: 1, stderr });
    expect(answerTo({ ...onLinux, environment })).toEqual({ reason: expect.stringMatching(words) });
  });

  it.each(['--help', 'a b', 'a;b', ''])('is not asked for as %j', (name) => {
    expect(answerTo({ ...onLinux, name })).toEqual({
      reason: expect.stringContaining('write ${secret:NAME}'),
    });
  });

  it('says what to install, and names the form of macOS there', () => {
    expect(answerTo({ ...onLinux, environment: { PATH: '/nowhere' } })).toEqual({
      reason: expect.stringContaining('install libsecret-tools'),
    });
    expect(answerTo({ ...onLinux, platform: 'darwin' })).toEqual({
      reason: expect.stringContaining('on macOS write ${keychain:SERVICE/ACCOUNT}'),
    });
  });
});

it('a store that asks its owner and waits is given up, all references of a load together', () => {
  const { environment, asked } = playStore('security', { hangs: true });
  const lookUp = openSecretStores({ environment, platform: 'darwin', timeout: 300 });
  const late = { reason: expect.stringMatching(/gave no answer within 0.3 s; .*Always Allow/) };
  expect(lookUp('keychain', 'mcp/ada')).toEqual(late);
  expect(lookUp('keychain', 'mcp/bob')).toEqual(late);
  expect(asked()).toHaveLength(1);
});

it('an answer that is too long is refused, never cut off', () => {
  const { environment } = playStore('security', { stdout: 'x'.repeat(300_000) });
  expect(answerTo({ environment })).toEqual({ reason: expect.stringContaining('ENOBUFS') });
});

describe('in a config', () => {
  const config = (value: string) =>
    `servers:\n  a:\n    command: [x]\n    env: {A: "${value}", B: "again ${value}", C: "$${value}"}\n`;

  it('is expanded wherever ${env:NAME} is, asked for once, and secret under any name', () => {
    const { environment, asked } = playStore('secret-tool', { stdout: SECRET });
    const loaded = read(config('${secret:T}'), environment);
    expect(loaded.servers[0]?.env).toEqual({ A: SECRET, B: `again ${SECRET}`, C: '${secret:T}' });
    expect(asked()).toHaveLength(1);
    expect(loaded.secrets).toContain(SECRET);
    expect(createRedactor(loaded.secrets).scrub(`got ${SECRET}!`)).not.toContain(SECRET);
    // A command may read the config several times.
    expect(read(config('${secret:T}'), environment).secrets).toEqual(loaded.secrets);
    expect(asked()).toHaveLength(1);
    const shown = effectiveYaml(loaded);
    expect(shown).not.toContain(SECRET);
    expect(shown).toContain('again ***');
    expect(read(shown).servers[0]?.env['C']).toBe('${secret:T}');
  });

  it('is complained about by place and cure, and a short one gets a warning', () => {
    const missing = playStore('secret-tool', { code: 1 });
    const problem =
      'needs the secret T, which does not exist; add it: secret-tool store --label=T service mcp-watchdog username T';
    expect(problemsOf(config('${secret:T}'), missing.environment)).toEqual([
      `config.yaml:4: servers.a.env.A: ${problem}`,
      `config.yaml:4: servers.a.env.B: ${problem}`,
    ]);
    expect(missing.asked()).toHaveLength(1);
    const short = playStore('secret-tool', { stdout: '9137' });
    const loaded = read(config('${secret:T}'), short.environment);
    expect(loaded.warnings).toContainEqual(
      expect.stringMatching(/^servers.a.env.A is a secret of fewer than 8/),
    );
    expect(effectiveYaml(loaded)).not.toContain('9137');
    expect(problemsOf(config('${secret:T'), short.environment)).toHaveLength(2);
  });

  it('is read in the short-lived process too, on macOS from the keychain', async () => {
    const { environment, asked } = playStore('security', { stdout: `${SECRET}\n` });
    const path = inFolder({ 'config.yaml': config('${keychain:mcp/ada}') });
    const load = (more: Readonly<Record<string, string>>) =>
      loadConfigInChild(path, { ...environment, ...more }, { reader: READER });
    const { servers, secrets } = await load({
      NODE_OPTIONS: `--import=${PLAYED}`,
      MCP_WATCHDOG_PLATFORM: 'darwin',
    });
    expect(servers[0]?.env['A']).toBe(SECRET);
    expect(secrets).toContain(SECRET);
    expect(asked()).toEqual(['find-generic-password -s mcp -a ada -w']);
    const refused: unknown = await load({}).catch((error: unknown) => error);
    if (!(refused instanceof ConfigError)) throw refused;
    expect(refused.problems.map(formatProblem).join('\n')).toContain('on Linux write ${secret:NAME}');
  });
});

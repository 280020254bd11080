// Checks that only macOS has, with what its programs print.
import { describe, expect, it, test } from 'vitest';
import {
  localNetwork,
  parseMacosRelease,
  parseSignature,
  protectedFolders,
  signature,
} from '../../../src/doctor/checks/macos.ts';
import type { DoctorContext } from '../../../src/doctor/context.ts';
import { LOCAL_NETWORK_WORDS } from '../../../src/system/net/local-network.ts';
import { serverStatus } from '../../fakes/status.ts';
import { healthy, loaded, MACHINE, running, serviceOf } from '../context.ts';
import { service } from '../../../src/doctor/checks/service.ts';

const LAN = 'servers: {a: {url: "http://192.168.1.20:8443/mcp"}, b: {command: [x]}}';
const HEALTH = { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };

function onMac(text: string, change: Partial<DoctorContext> = {}): DoctorContext {
  return healthy({ platform: 'darwin', config: { kind: 'valid', loaded: loaded(text) }, ...change });
}

/** Answers of programs by name. */
function tools(answers: Readonly<Record<string, { stdout?: string; stderr?: string; code?: number }>>) {
  const run: DoctorContext['run'] = ([program]) => {
    const answer = answers[program];
    return Promise.resolve(
      answer === undefined
        ? { code: null, stdout: '', stderr: '', spawnError: 'ENOENT' }
        : { code: 0, stdout: '', stderr: '', spawnError: null, ...answer },
    );
  };
  return run;
}

describe('the local network', () => {
  const mac15 = tools({ sw_vers: { stdout: '15.2\n' } });

  it('means nothing elsewhere, without a host in it, and before macOS 15', async () => {
    expect(await localNetwork.run(healthy())).toEqual([]);
    expect(await localNetwork.run(onMac('servers: {a: {url: "https://example.com/mcp"}}'))).toEqual([]);
    expect(await localNetwork.run(onMac('servers: {a: {url: "http://127.0.0.1:9/mcp"}}'))).toEqual([]);
    expect(await localNetwork.run(onMac(LAN, { run: tools({ sw_vers: { stdout: '14.7.1\n' } }) }))).toEqual(
      [],
    );
  });

  it.each([mac15, tools({}), tools({ sw_vers: { stdout: 'ProductName: macOS\n' } })])(
    'is a problem when the daemon meets the refusal, also where the release is unknown',
    async (run) => {
      // It was up before somebody took the permission away.
      const health = { ...HEALTH, up: true, detail: `no route to 192.168.1.20: ${LOCAL_NETWORK_WORDS}` };
      const daemon = running({}, { servers: [serverStatus({ name: 'a', health })] });
      expect(await localNetwork.run(onMac(LAN, { run, daemon }))).toMatchObject([
        {
          status: 'problem',
          message: expect.stringContaining('a: no route to 192.168.1.20'),
          cure: expect.stringContaining('Privacy & Security > Local Network'),
        },
      ]);
    },
  );

  it('is a problem by what the daemon met, under whatever name the host has', async () => {
    const text = 'servers: {a: {url: "https://files.corp.example/mcp"}}';
    const health = { ...HEALTH, up: null, detail: `no route to 10.0.0.7: ${LOCAL_NETWORK_WORDS}` };
    const daemon = running({}, { servers: [serverStatus({ name: 'a', health })] });
    expect(await localNetwork.run(onMac(text, { daemon }))).toMatchObject([{ status: 'problem' }]);
    const reasons = [`Alertmanager cannot be reached: ${LOCAL_NETWORK_WORDS}`];
    const { delivery } = (await healthy()
      .daemon()
      .then((answer) => (answer.kind === 'running' ? answer : null)))!.status.daemon;
    const engines = running({ delivery: { ...delivery, reasons } });
    expect(await localNetwork.run(onMac(text, { daemon: engines }))).toMatchObject([
      { status: 'problem', message: reasons[0] },
    ]);
  });

  it('is fine when the server answers', async () => {
    const daemon = running({}, { servers: [serverStatus({ name: 'a', health: HEALTH })] });
    expect(await localNetwork.run(onMac(LAN, { run: mac15, daemon }))).toMatchObject([{ status: 'ok' }]);
  });

  it('is unknown before a daemon has tried', async () => {
    const daemon = () => Promise.resolve({ kind: 'none' } as const);
    expect(await localNetwork.run(onMac(LAN, { run: mac15, daemon }))).toMatchObject([{ status: 'unknown' }]);
  });

  it('counts for webhooks too', async () => {
    const text =
      'servers: {b: {command: [x]}}\nalerts: {notify: [{kind: webhook, url: "http://nas.local/x"}]}';
    const daemon = running({
      deafChannels: { webhook: `nas.local cannot be reached (${LOCAL_NETWORK_WORDS})` },
    });
    expect(await localNetwork.run(onMac(text, { run: mac15, daemon }))).toMatchObject([
      { status: 'problem', message: expect.stringContaining('webhook: nas.local') },
    ]);
  });
});

test.each([
  ['15.2\n', 15],
  ['26.0', 26],
  ['26', 26],
  ['10.15.7\n', 10],
  ['', null],
  ['ProductVersion:\t15.2\n', null],
  ['15.2 beta', null],
  ['15.', null],
])('sw_vers says %j: %j', (text, release) => expect(parseMacosRelease(text)).toBe(release));

const ADHOC = `Executable=/opt/homebrew/Cellar/node@24/24.1.0/bin/node
Identifier=node
Format=Mach-O thin (arm64)
CodeDirectory v=20400 size=450123 flags=0x2(adhoc) hashes=14061+2 location=embedded
Signature=adhoc
Info.plist=not bound
TeamIdentifier=not set
`;
const SIGNED = `Executable=/usr/local/bin/node
Identifier=node
Format=Mach-O universal (x86_64 arm64)
CodeDirectory v=20500 size=450123 flags=0x10000(runtime) hashes=14061+7 location=embedded
Signature size=8986
Timestamp=1 Jan 2026 at 10:00:00
TeamIdentifier=HX7739G8FX
`;

test.each([
  [ADHOC, 'adhoc'],
  [ADHOC.split('\n').toReversed().join('\n'), 'adhoc'],
  [ADHOC.replace('Signature=adhoc\n', ''), 'adhoc'],
  [SIGNED, 'signed'],
  [SIGNED.replace('flags=0x10000(runtime)', 'flags=0x0(none)'), 'signed'],
  [SIGNED.slice(0, 80), 'unknown'],
  ['node: code object is not signed at all\n', 'none'],
  ['', 'unknown'],
] as const)('codesign says %j: %s', (text, kind) => expect(parseSignature(text)).toBe(kind));

describe('the signature of node', () => {
  const protectedText = 'servers: {a: {command: [x, /home/ada/Documents]}}';
  const signed = (stderr: string, code = 0) => ({ run: tools({ codesign: { stderr, code } }) });

  it('matters only on a Mac, and where a permission is needed', async () => {
    expect(await signature.run(healthy())).toEqual([]);
    expect(await signature.run(onMac('servers: {a: {command: [x]}}', signed(ADHOC)))).toEqual([]);
  });

  it.each([
    [protectedText, signed(ADHOC), 'warning'],
    [LAN, signed(ADHOC), 'warning'],
    [protectedText, signed('x: code object is not signed at all', 1), 'warning'],
    [protectedText, signed(SIGNED), 'ok'],
    [protectedText, signed('strange'), 'unknown'],
    [protectedText, { run: tools({}) }, 'unknown'],
  ] as const)('of %s, %j: %s', async (text, change, status) => {
    expect(await signature.run(onMac(text, change))).toMatchObject([{ status }]);
  });

  it('is that of the node that the service starts', async () => {
    const found = await signature.run(onMac(protectedText, signed(ADHOC)));
    expect(found).toMatchObject([{ message: expect.stringMatching(/^\/usr\/bin\/node is signed ad hoc/u) }]);
  });
});

describe('protected folders', () => {
  const linked = {
    ...MACHINE,
    realpath: (path: string) =>
      path.startsWith('/home/ada/docs') ? path.replace('/home/ada/docs', '/home/ada/Documents') : path,
  };

  it.each([
    ['/home/ada/docs/x', '/home/ada/Documents/x'],
    ['--root=/home/ada/docs', '/home/ada/Documents'],
    ['~/docs/x', '/home/ada/Documents/x'],
    ['/home/ada/Library/CloudStorage/Drive', null],
    ['/home/ada/documents', null],
    ['/volumes/disk', null],
  ])('are found behind %s', async (word, place) => {
    const text = `servers: {a: {command: [x, ${word}]}}`;
    const [finding] = await protectedFolders.run(onMac(text, { machine: linked }));
    expect(finding?.status).toBe('warning');
    expect(finding?.message).toContain(`a uses ${word}`);
    if (place !== null) expect(finding?.message).toContain(`(it leads to ${place})`);
    expect(finding?.message).toContain('hangs until somebody answers');
  });

  it('are found behind the home', async () => {
    const context = onMac('servers: {a: {command: [x]}}');
    const { home } = context.paths;
    const machine = { ...MACHINE, realpath: (path: string) => (path === home ? '/Volumes/Disk/w' : path) };
    expect(await protectedFolders.run({ ...context, machine })).toMatchObject([
      { status: 'problem', message: expect.stringContaining('(it leads to /Volumes/Disk/w)') },
    ]);
  });
});

test('a service that runs away from the screen is told, with the way back', async () => {
  const context = healthy();
  const away = serviceOf({}, { isMisplaced: true, detail: 'user/501/x: state running' })(context);
  expect(await service.run({ ...context, service: away })).toMatchObject([
    { status: 'warning', cure: 'mcp-watchdog install moves it there' },
  ]);
});

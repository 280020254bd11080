import { describe, expect, test } from 'vitest';
import { createQuietCheck, type QuietCheckParts } from '../../../src/daemon/updates/quiet-check.ts';
import { createStage, HEALTHY, USAGE } from '../../fakes/stage.ts';

/** A server that idles, with what is changed about it. */
function isQuiet(
  changes: { url?: string; usage?: object; health?: object; isUp?: boolean } & Partial<QuietCheckParts> = {},
): boolean {
  const stage = createStage();
  const url = changes.url ?? null;
  const spec = stage.add({ url, transport: url === null ? 'stdio' : 'http' });
  if (changes.isUp !== false) stage.bringUp('files');
  const server = 'files';
  stage.bus.publish({ kind: 'sampled', server, usage: { ...USAGE, cpuCores: 0.01, ...changes.usage } });
  stage.bus.publish({ kind: 'health', server, health: { ...HEALTHY, ...changes.health } });
  return createQuietCheck({
    status: (name) => stage.status().servers.find((one) => one.name === name),
    spec: (name) => (name === 'files' ? spec : undefined),
    isLooking: () => false,
    isInUse: () => false,
    countClients: () => 0,
    ...changes,
  })('files');
}

const url = 'http://127.0.0.1:3000/mcp';

describe('a server is quiet', () => {
  test('when it is well and idles', () => expect(isQuiet()).toBe(true));
  test('when nobody is connected to it', () => expect(isQuiet({ url })).toBe(true));
  test('when the system does not tell who is connected', () =>
    expect(isQuiet({ url, countClients: () => null })).toBe(true));
});

describe('a server is not quiet', () => {
  test('while a probe is on its way', () => expect(isQuiet({ isLooking: () => true })).toBe(false));
  test('while a client has a call under way', () => expect(isQuiet({ isInUse: () => true })).toBe(false));
  test('while it works', () => expect(isQuiet({ usage: { cpuCores: 0.1 } })).toBe(false));
  test('before it was measured', () => expect(isQuiet({ usage: { cpuCores: null } })).toBe(false));
  test('while it does not run', () => expect(isQuiet({ isUp: false })).toBe(false));
  test('while it is down', () => expect(isQuiet({ health: { up: false } })).toBe(false));
  test('while it is suspected', () => expect(isQuiet({ health: { suspect: true } })).toBe(false));
  test('when there is none of that name', () => expect(isQuiet({ status: () => undefined })).toBe(false));
  test('while somebody is connected to its port', () => {
    const asked: number[] = [];
    const countClients = (port: number): number => asked.push(port);
    expect(isQuiet({ url, countClients })).toBe(false);
    expect(asked).toEqual([3000]);
  });
});

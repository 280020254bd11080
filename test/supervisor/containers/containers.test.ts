// What is added to a line that starts a container, and what is written down of it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createContainers } from '../../../src/supervisor/containers/containers.ts';
import { FakeClock } from '../../fakes/clock.ts';

function setUp() {
  const root = mkdtempSync(join(tmpdir(), 'containers-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'run', 'containers');
  const said: string[] = [];
  const log = {
    info: (_fields: object, message: string) => void said.push(message),
    warn: (_fields: object, message: string) => void said.push(message),
  };
  const containers = createContainers({ folder, clock: new FakeClock(), log });
  const claim = (line: string, env: Record<string, string> = {}) => {
    const [program = '', ...rest] = line.split(' ');
    return containers.claim({ server: 'box', argv: [program, ...rest], env, marker: '1.2.x/box/7' });
  };
  return { folder, containers, claim, said, files: () => (existsSync(folder) ? readdirSync(folder) : []) };
}

const hasCatatonit = [
  '/usr/libexec/podman',
  '/usr/local/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/lib/podman',
  '/usr/bin',
].some((folder) => existsSync(join(folder, 'catatonit')));

describe('the start of a container', () => {
  it.each(['node server.js', 'docker run -d image', 'docker exec -i box server', 'sh -c docker'])(
    '%s stays as it is',
    (line) => {
      const { claim, files } = setUp();
      expect(claim(line)).toEqual({ argv: line.split(' '), container: null });
      expect(files()).toEqual([]);
    },
  );

  it('is said, and written down with what reaches its engine, and nothing else of the environment', () => {
    const { folder, claim, said, files } = setUp();
    const { argv, container } = claim('/bin/docker --context far run -i --rm image', {
      TOKEN: 'secret',
      DOCKER_HOST: 'tcp://h:1',
      PATH: '/bin',
    });
    const [file = ''] = files();
    const cidfile = join(folder, file.replace('.json', '.cid'));
    const added = ['--init', '--cidfile', cidfile, '--label', 'mcp-watchdog.server=box'];
    const label = 'mcp-watchdog.run=1.2.x/box/7';
    const own = ['/bin/docker', '--context', 'far'];
    expect(argv).toEqual([...own, 'run', ...added, '--label', label, '-i', '--rm', 'image']);
    expect(said).toEqual(['Starts a container, with options of ours']);
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toEqual({
      version: 1,
      server: 'box',
      label,
      isRemoved: true,
      cidfile,
      client: own,
      env: { DOCKER_HOST: 'tcp://h:1', PATH: '/bin' },
    });
    container?.discard();
    expect(files()).toEqual([]);
  });

  it('gets no second init, no second file for its id, and none where its client may not write', () => {
    const { claim } = setUp();
    expect(claim('docker run --init -i image').argv.filter((word) => word === '--init')).toHaveLength(1);
    const own = claim('docker run --cidfile /x -i image').argv;
    expect(own.filter((word) => word === '--cidfile')).toHaveLength(1);
    expect(claim('/snap/bin/docker run -i image').argv).not.toContain('--cidfile');
  });

  it.skipIf(process.platform !== 'linux')('gets an init from podman where this machine has one', () => {
    expect(setUp().claim('podman run -i image').argv.includes('--init')).toBe(hasCatatonit);
  });

  it('whose client reached no engine leaves no record, however often it is tried', async () => {
    const { claim, said, files } = setUp();
    for (let run = 0; run < 3; run += 1) await claim('/nowhere/docker run -i --rm image').container?.end();
    expect(files()).toEqual([]);
    expect(said.filter((each) => each.startsWith('Cannot'))).toEqual([]);
  });

  it('whose engine is away stays in the records, the newest twenty of them, each said once', async () => {
    const { containers, claim, said, files } = setUp();
    for (let run = 0; run < 25; run += 1) {
      // A client from a snap writes no id: only the engine knows.
      await claim('/snap/nowhere/docker run -i --rm image').container?.end();
    }
    await containers.reap();
    expect(files()).toHaveLength(20);
    expect(said.filter((each) => each.startsWith('Cannot'))).toHaveLength(25);
  });
});

import { describe, expect, it } from 'vitest';
import { markContainer, parseContainerLine } from '../../../src/core/containers/container-line.ts';
import { parseContainerStats } from '../../../src/core/containers/container-stats.ts';

const argvOf = (line: string): [string, ...string[]] => {
  const [program = '', ...rest] = line.split(' ');
  return [program, ...rest];
};
const parse = (line: string) => parseContainerLine(argvOf(line));

describe('parseContainerLine()', () => {
  it.each([
    ['docker run -i --rm mcp/time', { isInteractive: true, isRemoved: true, image: 'mcp/time' }],
    ['/usr/local/bin/docker run -i --rm -e TOKEN image --rm x', { isRemoved: true, image: 'image' }],
    ['docker run -i -e TOKEN=--rm image --init', { isRemoved: false, hasInit: false, image: 'image' }],
    ['docker run -i --name --rm image', { isRemoved: false, image: 'image' }],
    ['docker run -i --env=A=b -v/a:/b image', { image: 'image' }],
    [
      'docker run -ie TOKEN --mount type=bind,src=/a,dst=/b image serve',
      { isInteractive: true, image: 'image' },
    ],
    ['docker run -it --init --pull always image', { hasInit: true, isInteractive: true, image: 'image' }],
    ['docker run --rm=false --interactive=true image', { isRemoved: false, isInteractive: true }],
    ['docker run -d -p 80:80 image', { isDetached: true, image: 'image' }],
    ['docker run --detach image', { isDetached: true }],
    ['docker run --cidfile /x -i image', { cidfile: '/x', image: 'image' }],
    ['docker run --cidfile=/x -i image', { cidfile: '/x', image: 'image' }],
    ['docker run -i -- image -d', { isDetached: false, image: 'image' }],
    ['docker run -i', { image: null }],
    ['docker container run -i image', { client: ['docker'], optionsAt: 3, image: 'image' }],
    [
      'docker --context far -D run -i image',
      { client: ['docker', '--context', 'far', '-D'], optionsAt: 5, image: 'image' },
    ],
    ['docker -H tcp://h:1 run image', { client: ['docker', '-H', 'tcp://h:1'], image: 'image' }],
    [
      'podman --remote run --replace --name x -i image',
      { engine: 'podman', client: ['podman', '--remote'], image: 'image' },
    ],
  ])('%s', (line, expected) => expect(parse(line)).toMatchObject(expected));

  it.each([
    'docker exec -i box server',
    'docker compose run server',
    'docker start -ai box',
    'docker',
    'docker -D',
    'docker-compose run x',
    'node docker run image',
    'sh -c docker',
    '',
  ])('%j starts no container of its own', (line) => expect(parse(line)).toBeNull());
});

describe('markContainer()', () => {
  it('adds behind run, before everything that the user wrote', () => {
    const argv = argvOf('docker -D container run -i --rm image a');
    const line = parseContainerLine(argv)!;
    const marks = { init: true, cidfile: '/c', labels: { a: '1', b: '2' } };
    const added = ['--init', '--cidfile', '/c', '--label', 'a=1', '--label', 'b=2'];
    expect(markContainer(argv, line, marks)).toEqual({
      argv: ['docker', '-D', 'container', 'run', ...added, '-i', '--rm', 'image', 'a'],
      added,
    });
  });

  it('leaves out what is not asked for', () => {
    const argv = argvOf('podman run image');
    const marks = { init: false, cidfile: null, labels: {} };
    expect(markContainer(argv, parseContainerLine(argv)!, marks)).toEqual({ argv, added: [] });
  });
});

describe('parseContainerStats()', () => {
  const ID = '0123456789ab';

  it.each([
    [`${ID}\t12.50%\t12.5MiB / 7.6GiB\t7`, { cores: 0.125, bytes: 13_107_200, processes: 7 }],
    [`${ID}\t250.00%\t1.5GB / 8GB\t2`, { cores: 2.5, bytes: 1_500_000_000, processes: 2 }],
    [`${ID.repeat(5)}ffff\t0.00%\t512B / 0B\t1`, { cores: 0, bytes: 512 }],
    [`${ID}\t1%\t980KiB / --\t--`, { bytes: 1_003_520, processes: 1 }],
  ])('%j', (line, expected) => expect(parseContainerStats(`${line}\n`)).toMatchObject([expected]));

  it.each([
    '',
    `${ID}\t--\t-- / --\t--`,
    'CONTAINER ID\tCPU %',
    `x\t1%\t1MiB / 1GiB\t1`,
    `${ID}\t1%\tmuch\t1`,
  ])('%j is no reading', (line) => expect(parseContainerStats(line)).toEqual([]));
});

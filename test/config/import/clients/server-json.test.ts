// A `server.json` of the MCP registry, imported.
import { describe, expect, it } from 'vitest';
import { loaded, machine, settingsOf } from '../machine.ts';

const NAME = 'io.github.owner/some-server';

function importOf(server: object, environment: Record<string, string> = {}) {
  const here = machine({ environment });
  const path = here.write('project/server.json', JSON.stringify({ name: NAME, version: '1.0.0', ...server }));
  return { here, found: here.importing(path) };
}

describe('a server.json', () => {
  it('of a Python package: version, arguments, variables', () => {
    const { here, found } = importOf(
      {
        packages: [
          { registryType: 'oci', identifier: 'docker.io/owner/some:1.0.0' },
          {
            registryType: 'pypi',
            identifier: 'some-server',
            version: '1.2.0',
            transport: { type: 'stdio' },
            packageArguments: [
              { type: 'positional', value: 'serve' },
              { type: 'named', name: '--root', valueHint: 'root_path', isRequired: true },
              { type: 'named', name: '--level', default: 'info' },
              { type: 'named', name: '--fast' },
              { type: 'positional', valueHint: 'more' },
            ],
            environmentVariables: [
              { name: 'TOKEN', isRequired: true, isSecret: true },
              { name: 'MODE', default: 'plain' },
              { name: 'EXTRA' },
            ],
          },
        ],
      },
      { TOKEN: 't', ROOT_PATH: '/r', EXTRA: 'e' },
    );
    expect(settingsOf(found)).toEqual({
      'some-server': {
        package: 'pypi:some-server',
        version: '1.2.0',
        args: ['serve', '--root', '${env:ROOT_PATH}', '--level', 'info', '--fast'],
        env: { TOKEN: '${env:TOKEN}', MODE: 'plain', EXTRA: '${env:EXTRA}' },
      },
    });
    expect(loaded(found, here).servers[0]?.source).toMatchObject({ manager: 'pypi', version: '1.2.0' });
  });

  it('waits in a comment for a variable that is required and not set', () => {
    const { found } = importOf({
      packages: [
        {
          registryType: 'npm',
          identifier: '@owner/some',
          version: '2.0.0',
          environmentVariables: [{ name: 'TOKEN', isRequired: true }],
        },
      ],
    });
    expect(found.waiting.map(({ reasons }) => reasons.join())).toEqual([
      expect.stringContaining('needs the environment variable TOKEN'),
    ]);
    expect(found.text).toContain('package: "@owner/some"');
  });

  it('in the spelling of older schemas', () => {
    const { found } = importOf({
      packages: [
        { registry_type: 'npm', identifier: 'some', version: '2.0.0', package_arguments: [{ value: 'a' }] },
      ],
    });
    expect(settingsOf(found)).toEqual({ 'some-server': { package: 'some', version: '2.0.0', args: ['a'] } });
  });

  it('of a remote server, when nothing can be installed', () => {
    const { found } = importOf(
      {
        packages: [{ registryType: 'nuget', identifier: 'Some' }],
        remotes: [
          {
            type: 'streamable-http',
            url: 'https://some.example/mcp',
            headers: [{ name: 'X-Api-Key', isRequired: true, isSecret: true }],
          },
        ],
      },
      { X_API_KEY: 'k' },
    );
    expect(settingsOf(found)).toEqual({
      'some-server': { url: 'https://some.example/mcp', headers: { 'X-Api-Key': '${env:X_API_KEY}' } },
    });
  });

  it.each([
    [{ packages: [{ registryType: 'oci', identifier: 'x' }] }, 'it is a package of "oci"; npm and pypi'],
    [{ packages: [{ registryType: 'mcpb', identifier: 'https://x.example/a.mcpb' }] }, 'of "mcpb"'],
    [
      { packages: [{ registryType: 'npm', identifier: 'x', transport: { type: 'sse' } }] },
      'it serves over "sse" when it is started',
    ],
  ])('%j is left out, with the reason', (server, reason) => {
    const { found } = importOf(server);
    expect(found.skipped.map((each) => each.reason)).toEqual([expect.stringContaining(reason)]);
  });

  it('is no file of servers when it has neither', () => {
    expect(() => importOf({})).toThrow(/names no servers/u);
  });
});

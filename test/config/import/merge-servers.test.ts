import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importedConfig } from '../../../src/config/import/write-yaml.ts';
import { serverNameFrom } from '../../../src/config/import/merge-servers.ts';
import type { ImportedServer } from '../../../src/config/import/merge-servers.ts';
import { readConfig } from '../../../src/config/load.ts';
import { SERVER_NAME } from '../../../src/core/model/server-spec.ts';
import { escapeReferences } from '../../../src/config/read/env-expansion.ts';
import { loaded, machine, settingsOf } from './machine.ts';

const cursor = (servers: object) => JSON.stringify({ mcpServers: servers });

describe('several clients', () => {
  it('that start the same server get one, whatever the order of keys and the name', () => {
    const here = machine();
    here.write(
      'home/.cursor/mcp.json',
      cursor({ Files: { command: 'npx', args: ['f'], env: { A: '1', B: '2' } } }),
    );
    here.write(
      'home/.claude.json',
      cursor({ files: { env: { B: '2', A: '1' }, args: ['f'], command: 'npx' } }),
    );
    here.write(
      'home/.codex/config.toml',
      '[mcp_servers.mine]\ncommand = "npx"\nargs = ["-y", "f@latest"]\nenv = {A = "1", B = "2"}\n',
    );
    const found = here.importing('cursor', 'claude-code', 'codex');
    expect(settingsOf(found)).toEqual({ files: { package: 'f', env: { A: '1', B: '2' } } });
    expect(found.text).toContain('  # from cursor, claude-code, codex\n');
    expect(found.servers[0]?.notes).toEqual(['is called "Files" in cursor', 'is called "mine" in codex']);
  });

  it('are switched on where one of them is', () => {
    const here = machine();
    here.write('home/.cursor/mcp.json', cursor({ a: { command: 'a', disabled: true } }));
    here.write('home/.claude.json', cursor({ a: { command: 'a' } }));
    const [server] = here.importing('cursor', 'claude-code').servers;
    expect(server).toMatchObject({ enabled: true, notes: ['is switched off in cursor, and on elsewhere'] });
  });

  it('that start different servers of one name get none of them, and both in comments', () => {
    const here = machine();
    here.write(
      'home/.cursor/mcp.json',
      cursor({ files: { command: 'npx', args: ['f', '/a'] }, other: { command: 'o' } }),
    );
    here.write('home/.claude.json', cursor({ Files: { command: 'npx', args: ['f', '/b'] } }));
    const found = here.importing('cursor', 'claude-code');
    expect(settingsOf(found)).toEqual({ other: { command: ['o'] } });
    expect(
      found.conflicts.map(({ name, servers }) => [name, ...servers.map(({ from }) => from.join())]),
    ).toEqual([['files', 'cursor', 'claude-code']]);
    expect(loaded(found, here).servers.map(({ name }) => name)).toEqual(['other']);
    const chosen = uncommented(found.text, '# from claude-code');
    expect(readConfig(chosen, { path: here.config, environment: {} }).servers).toMatchObject([
      { name: 'other' },
      { name: 'files', args: ['/b'] },
    ]);
  });

  it('whose names are only made equal by simplifying them keep both', () => {
    const here = machine();
    here.write(
      'home/.cursor/mcp.json',
      cursor({
        'My Files': { command: 'a' },
        'my-files': { command: 'b' },
        'my files': { command: 'a', cwd: '/' },
      }),
    );
    const found = here.importing('cursor');
    expect(Object.keys(settingsOf(found))).toEqual(['my-files-2']);
    expect(found.conflicts).toMatchObject([{ name: 'my-files', servers: [{}, {}] }]);
  });

  it('of which none can be started make a config without servers, not a broken one', () => {
    const here = machine();
    here.write(
      'home/.cursor/mcp.json',
      cursor({ a: { url: 'https://a.example/mcp', headers: { K: '${env:K}' } } }),
    );
    const found = here.importing('cursor');
    expect(loaded(found, here).servers).toEqual([]);
    const chosen = uncommented(found.text, '# - needs').replace('servers: {}', 'servers:');
    expect(readConfig(chosen, { path: here.config, environment: { K: 'k' } }).servers).toMatchObject([
      { name: 'a' },
    ]);
  });
});

/** Takes the server that follows the comment out of its comment, as a person does. */
function uncommented(text: string, after: string): string {
  const lines = text.split('\n');
  const told = lines.findIndex((line) => line.includes(after));
  const start = lines.findIndex((line, index) => index > told && /^ {2}# [\w.-]+:$/.test(line));
  const end = lines.findIndex((line, index) => index > start && !/^ {2}# {3}/.test(line));
  return lines
    .map((line, index) => (index >= start && index < end ? line.replace('  # ', '  ') : line))
    .join('\n');
}

describe('the file that is written', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
  const name = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/);

  it('says exactly what it is given, whatever characters that holds, and no comment becomes a setting', () => {
    const server = fc.record({
      args: fc.array(text, { maxLength: 5 }),
      env: fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true }),
      notes: fc.array(text, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(server, fc.boolean(), ({ args, env, notes }, isWaiting) => {
        const settings = {
          command: ['program'],
          args: args.map(escapeReferences),
          env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, escapeReferences(value)])),
        };
        const merged: ImportedServer = {
          name: 'a',
          settings,
          enabled: true,
          from: notes,
          needs: [],
          notes,
          faults: [],
        };
        const written = importedConfig({
          servers: isWaiting ? [] : [merged],
          waiting: isWaiting ? [{ server: merged, reasons: notes }] : [],
          conflicts: [{ name: 'b', servers: [merged, merged] }],
        });
        const { servers } = readConfig(written, { path: '/nowhere/config.yaml', environment: {} });
        expect(servers.map((got) => ({ args: got.args, env: got.env }))).toEqual(
          isWaiting ? [] : [{ args, env }],
        );
      }),
      { numRuns: 300, examples: [[{ args: [''], env: { A: '\u3000' }, notes: ['\n'] }, false]] },
    );
  });

  it('has only good names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (written) => SERVER_NAME.test(serverNameFrom(written))),
    );
    expect(
      ['My Files', 'Übersicht & Co', 'GitHub (work)', '--x--', '@scope/pkg', '文件'].map(serverNameFrom),
    ).toEqual(['my-files', 'ubersicht-co', 'github-work', 'x', 'scope-pkg', 'server']);
  });
});

import { describe, expect, it } from 'vitest';
import { problemsOf, read } from '../temporary.ts';

describe('a config in JSON', () => {
  it.each([
    [
      'line comments and trailing commas',
      '{\n // mine\n "servers": { "x": { "command": ["node", "a.js"], }, },\n}\n',
    ],
    ['block comments', '/* one\n two */ {"servers": /* here */ {"x": {"command": ["node"]}}}'],
    [
      'comments before and after, with a BOM',
      '\uFEFF// first\r\n{"mcpServers": {"x": {"command": "node"}}}\r\n// last',
    ],
    ['texts that look like comments', '{"servers": {"x": {"url": "http://h/*/mcp"}}} // end'],
  ])('may have %s', (_, text) => {
    expect(read(text).servers.map(({ name }) => name)).toEqual(['x']);
  });

  it('keeps its lines', () => {
    expect(
      problemsOf('{\n// one\n/* two\n three */\n"servers": {"x": {"package": "p", "enabld": true}}}'),
    ).toEqual([expect.stringMatching(/^config\.yaml:5: servers\.x\.enabld: /)]);
  });

  it('is told of its other mistakes, comments or not', () => {
    const [problem = ''] = problemsOf('{ // mine\n "servers": {"x" {"command": ["node"]}}}');
    expect(problem).toMatch(/^config\.yaml:2: .*is not valid YAML or JSON/);
    expect(problemsOf('{ "servers": {"x": {"package": "p"}} /* open')).not.toEqual([]);
  });
});

describe('a config in YAML', () => {
  it('has slashes that are no comments', () => {
    const { servers } = read('servers: { x: { url: http://h/mcp, headers: { A: /* } } } # // said');
    expect(servers[0]).toMatchObject({ url: 'http://h/mcp', headers: { A: '/*' } });
    expect(read('{ servers: { x: { url: http://h/mcp } } }').servers[0]?.url).toBe('http://h/mcp');
  });

  it('is told of # where a comment begins with //', () => {
    expect(problemsOf('//mine: here\nservers: {x: {package: p}}')).toEqual([
      expect.stringContaining('comments begin with # in YAML'),
    ]);
  });
});

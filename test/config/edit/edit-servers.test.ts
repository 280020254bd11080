// Edits of the servers in a config text: what is not edited stays as it is, character by character.
import { describe, expect, it } from 'vitest';
import { addServer, removeServer } from '../../../src/config/edit/edit-servers.ts';
import { readDocument } from '../../../src/config/read/read-document.ts';
import { exampleConfig } from '../../../src/config/import/example-config.ts';
import { documentMap, valueAt } from '../../../src/config/schema/document.ts';

const settings = documentMap([
  ['package', '@scope/new'],
  ['args', ['--port', '9640']],
]);

function textOf(result: ReturnType<typeof addServer>): string {
  if ('refusal' in result) throw new Error(result.refusal);
  return result.text;
}

const names = (text: string) => {
  const { tree, faults } = readDocument(text);
  expect(faults).toEqual([]);
  return Object.keys(Object(valueAt(tree, ['servers']) ?? valueAt(tree, ['mcpServers'])));
};

/** Every form in which servers are written, each with `a` and `b`. */
const TEXTS = {
  'a block': 'servers:\n  a:\n    package: x\n  b:\n    package: y\n',
  'a block with comments':
    '# top\nservers: # mine\n  # about a\n  a: # here\n    package: x # latest\n    # env: {}\n\n  # about b\n  b:\n    package: y\n    # off: true\n\n# below\nmetrics:\n  listen: 127.0.0.1:1\n',
  'a block indented by four':
    'servers:\n    a:\n        package: x\n    b:\n        package: y\nsampling: {}\n',
  'a block without indent of its lists':
    'servers:\n  a:\n    command:\n    - x\n    - y\n  b:\n    package: y\n',
  'a block that ends without a newline': 'servers:\n  a: {package: x}\n  b: {package: y}',
  'a block with a literal text at its end':
    'servers:\n  a:\n    package: x\n  b:\n    command:\n      - sh\n      - -c\n      - |\n        one\n        two\n',
  'a block with lines of Windows': 'servers:\r\n  a:\r\n    package: x\r\n  b:\r\n    package: y\r\n',
  'a block behind a byte order mark': '\uFEFFservers:\n  a: {package: x}\n  b: {package: y}\n',
  'braces in a block': 'servers: {a: {package: x}, b: {package: y}} # two\n',
  'braces over lines': 'servers: {\n  a: {package: x}, # first\n  b: {package: y}, # second\n}\n',
  'braces only': '{servers: {a: {package: x}, b: {package: y}}}\n',
  'the key of clients': 'mcpServers:\n  a: {command: x}\n  b: {command: y}\n',
  JSON: '{\n  "servers": {\n    "a": { "package": "x" },\n    "b": { "package": "y" }\n  }\n}\n',
  'JSON with comments':
    '{\n\t// mine\n\t"mcpServers": {\n\t\t"a": { "command": "x" }, // first\n\t\t/* second */\n\t\t"b": { "command": "y" },\n\t},\n}\n',
} as const;

describe.each(Object.entries(TEXTS))('in %s', (_, text) => {
  it('a server is added below the others, and nothing else changes', () => {
    const added = textOf(addServer(text, 'new', settings));
    expect(names(added)).toEqual(['a', 'b', 'new']);
    const { tree } = readDocument(added);
    const server = valueAt(tree, ['servers', 'new']) ?? valueAt(tree, ['mcpServers', 'new']);
    expect(server).toEqual({ package: '@scope/new', args: ['--port', '9640'] });
    for (const line of text.split(/\r?\n/u)) {
      const [, comment] = /((?:#|\/\/|\/\*).*)$/u.exec(line) ?? [];
      if (comment !== undefined) expect(added).toContain(comment.trim());
    }
    if (text.includes('\r\n')) expect(added).not.toMatch(/[^\r]\n/u);
  });

  it('what was added can be removed without a trace', () => {
    const removed = textOf(removeServer(textOf(addServer(text, 'new', settings)), 'new'));
    const blank = /[\s,]+/gu;
    expect(removed.replaceAll(blank, '')).toBe(text.replaceAll(blank, ''));
  });

  it.each(['a', 'b'])('%s is removed, and then the other', (first) => {
    const other = first === 'a' ? 'b' : 'a';
    const one = textOf(removeServer(text, first));
    expect(names(one)).toEqual([other]);
    const none = textOf(removeServer(one, other));
    expect(names(none)).toEqual([]);
    expect(names(textOf(addServer(none, 'new', settings)))).toEqual(['new']);
  });
});

describe('comments', () => {
  const text = TEXTS['a block with comments'];

  it('above and inside a server go with it, all others stay', () => {
    expect(textOf(removeServer(text, 'a'))).toBe(
      '# top\nservers: # mine\n\n  # about b\n  b:\n    package: y\n    # off: true\n\n# below\nmetrics:\n  listen: 127.0.0.1:1\n',
    );
    expect(textOf(removeServer(text, 'b'))).toBe(
      '# top\nservers: # mine\n  # about a\n  a: # here\n    package: x # latest\n    # env: {}\n\n\n# below\nmetrics:\n  listen: 127.0.0.1:1\n',
    );
  });

  it('at the end of the last server stay with it', () => {
    expect(textOf(addServer(text, 'c', documentMap([['package', 'z']])))).toContain(
      '    # off: true\n  c:\n    package: z\n\n# below\n',
    );
  });

  it('of the first config stay, all of them', () => {
    const before = exampleConfig();
    const added = textOf(addServer(before, 'new', settings));
    expect(names(added)).toEqual(['context7', 'new']);
    for (const line of before.split('\n')) expect(added.split('\n')).toContain(line);
  });
});

describe('where no server is', () => {
  it.each([
    ['an empty file', ''],
    ['only comments', '# nothing yet\n'],
    ['a key without a value', 'servers:\n# later\nmetrics: {listen: "127.0.0.1:1"}\n'],
    ['an empty map', 'servers: {} # none yet\nmetrics: {listen: "127.0.0.1:1"}\n'],
    ['other keys', 'metrics: {listen: "127.0.0.1:1"}\n'],
    ['empty JSON', '{}'],
  ])('%s: it is the first', (_, text) => {
    const added = textOf(addServer(text, 'new', settings));
    expect(names(added)).toEqual(['new']);
    for (const word of text.match(/# .*|metrics.*/gu) ?? []) expect(added).toContain(word);
  });
});

describe('a text that only a person can edit', () => {
  it.each([
    ['no YAML', 'servers: [', 'is not valid YAML'],
    ['a list', '- a\n', 'no map of keys'],
    ['servers as a list', 'servers: [a]\n', 'its servers are no map'],
    ['an alias', 'x: &x {a: {package: p}}\nservers: *x\n', 'alias'],
    ['braces without servers', '{metrics: {}, x: y}', 'braces'],
  ])('%s is refused with the reason', (_, text, reason) => {
    expect(addServer(text, 'new', settings)).toEqual({ refusal: expect.stringContaining(reason) });
  });

  it('has no such server', () => {
    expect(removeServer('servers: {a: {package: x}}\n', 'b')).toEqual({
      refusal: 'there is no server "b" in it',
    });
  });
});

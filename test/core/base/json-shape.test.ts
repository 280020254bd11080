import { array, assert, constantFrom, dictionary, json, nat, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonScanner, shapeOf, type JsonShape } from '../../../src/core/base/json-shape.ts';

function scan(text: string): JsonShape {
  return shapeOf(Buffer.from(text));
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the shape of a JSON text', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":"a","result":{}}', '"a"', ['jsonrpc', 'result']],
    [' { "result" : {"id":"inner","method":1} , "id" : 17 , "jsonrpc":"2.0"}', '17', ['result', 'jsonrpc']],
    ['{"id":-1.5e3}', '-1.5e3', []],
    ['{"error":{"id":1},"id":null}', 'null', ['error']],
    ['{"method":"id","params":{"id":3}}', null, ['method', 'params']],
    [String.raw`{"a":"\"id\":\"no\"","id":"\"yes\\"}`, String.raw`"\"yes\\"`, []],
    ['[{"id":"a","method":"b"}]', null, []],
    ['{"id":{"id":1}}', null, []],
    [`{"id":"${'x'.repeat(400)}","method":"a"}`, null, ['method']],
    ['', null, []],
  ])('tells the id and the members of a message: %s', (text, id, members) => {
    const shape = scan(text);
    expect([shape.id, [...shape.members]]).toEqual([id, members]);
  });

  it('counts depth and values without parsing', () => {
    expect(scan('['.repeat(1_000_000)).depth).toBe(1_000_000);
    expect(scan(`[${'0,'.repeat(1_000)}0]`).values).toBe(1_001);
    expect(scan('{"[[[[":",,,,"}')).toMatchObject({ depth: 1, values: 1 });
  });

  it('knows the depth of everything that is JSON, and reads the id as a parser does', () => {
    assert(
      property(json(), string(), (text, id) => {
        expect(scan(text).depth).toBe(depthOf(JSON.parse(text)));
        const message = `{"a":${text},"id":${JSON.stringify(id)}}`;
        if (Buffer.byteLength(JSON.stringify(id)) < 300) expect(scan(message).id).toBe(JSON.stringify(id));
      }),
    );
  });

  it('finds the end of long strings of quotes and backslashes, however they are cut', () => {
    const piece = constantFrom('x'.repeat(70), 'x'.repeat(63), '\\', '"', '\\\\', 'é', '{');
    assert(
      property(array(piece, { maxLength: 12 }), array(nat(400)), (pieces, cuts) => {
        const bytes = Buffer.from(
          JSON.stringify({ result: pieces.join(''), id: 'a', [pieces.join('')]: [1] }),
        );
        const scanner = new JsonScanner();
        const edges = cuts.filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b);
        for (const [index, end] of [...edges, bytes.length].entries())
          scanner.take(bytes.subarray(edges[index - 1] ?? 0, end));
        expect(scanner).toMatchObject({ depth: 2, values: 4, id: '"a"' });
        expect(scanner.members).toContain('result');
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same however the text is cut', () => {
    assert(
      property(dictionary(string(), json()), array(nat(400)), (value, cuts) => {
        const bytes = Buffer.from(JSON.stringify({ ...value, id: 'a"\\', method: 'b' }));
        const scanner = new JsonScanner();
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        for (const [index, end] of edges.slice(1).entries()) scanner.take(bytes.subarray(edges[index], end));
        if (cuts.every((cut) => cut <= bytes.length)) expect(scanner).toEqual(shapeOf(bytes));
      }),
    );
  });
});

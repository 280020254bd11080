// Type guards for values of unknown origin.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, isObject, messageOf, parseJson } from '../../../src/core/base/guards.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('values that others made', () => {
  it.each([
    [{}, true],
    [Object.create(null), true],
    [[], false],
    [null, false],
    ['{}', false],
  ])('isObject(%j) is %s', (value, answer) => {
    expect(isObject(value)).toBe(answer);
  });

  it('are read as JSON, or not at all', () => {
    expect([parseJson('{"a":1}'), parseJson('null'), parseJson('{')]).toEqual([{ a: 1 }, null, undefined]);
  });

  it('gives the code and the words of what the system threw', () => {
    const error = thrownBy(() => readFileSync('/no/such/file'));
    expect([codeOf(error), messageOf(error)]).toEqual(['ENOENT', expect.stringContaining('/no/such/file')]);
  });

  it('says in plain words that a name cannot be looked up', () => {
    expect(messageOf(new Error('getaddrinfo ENOTFOUND nope.invalid'))).toBe(
      'no host has the name nope.invalid (ENOTFOUND)',
    );
    expect(messageOf(new Error('a: getaddrinfo EAI_AGAIN far.example'))).toBe(
      'a: the name far.example cannot be looked up now (EAI_AGAIN)',
    );
  });

  it('makes do with anything else that was thrown', () => {
    expect([codeOf(new Error('x')), messageOf(new Error('x'))]).toEqual([null, 'x']);
    expect([codeOf({ code: 'E' }), messageOf('text')]).toEqual([null, 'text']);
    expect(codeOf(Object.assign(new Error('x'), { code: 7 }))).toBeNull();
  });
});

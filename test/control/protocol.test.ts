import { describe, expect, it } from 'vitest';
import { parseReply, parseRequest, toWireError } from '../../src/control/protocol.ts';
import { WatchdogError } from '../../src/core/base/errors.ts';

const line = (message: object) => JSON.stringify({ v: 1, id: 7, ...message });

describe('parseRequest()', () => {
  it.each([
    { method: 'status', params: {} },
    { method: 'ping', params: {} },
    { method: 'watch', params: {} },
    { method: 'start', params: { names: ['a', 'b'] } },
    { method: 'restart', params: { names: [] } },
    { method: 'check', params: { name: 'a' } },
    { method: 'check', params: {} },
  ])('reads $method with $params', (request) => {
    expect(parseRequest(line(request))).toEqual({ request: { id: 7, ...request } });
  });

  it('takes missing params for none', () => {
    expect(parseRequest(line({ method: 'status' }))).toEqual({
      request: { id: 7, method: 'status', params: {} },
    });
  });

  it.each([
    [
      'not JSON',
      'status',
      null,
      'Cannot read the request: it must be a JSON object of at most 16 levels, got status',
    ],
    ['a list', '[]', null, 'Cannot read the request: it must be a JSON object of at most 16 levels, got []'],
    [
      'nested without end',
      `{"v":1,"id":1,"method":"start","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      null,
      `Cannot read the request: it must be a JSON object of at most 16 levels, got {"v":1,"id":1,"method":"start","params":${'['.repeat(39)}…`,
    ],
    [
      'no id',
      '{"v":1,"method":"status"}',
      null,
      'Cannot read the request: its id must be a number, got nothing',
    ],
    [
      'a later version',
      line({ v: 2, method: 'status' }),
      7,
      'Cannot read the request: it speaks control protocol 2, this side speaks 1',
    ],
    [
      'no version',
      '{"id":7,"method":"status"}',
      7,
      'Cannot read the request: it speaks control protocol nothing, this side speaks 1',
    ],
    ['an unknown method', line({ method: 'statsu' }), 7, 'Cannot answer: "statsu" is no method'],
    ['an inherited name', line({ method: 'constructor' }), 7, 'Cannot answer: "constructor" is no method'],
    [
      'names that are no list',
      line({ method: 'stop', params: { names: 'a' } }),
      7,
      'Cannot answer "stop": its params are wrong, got {"names":"a"}',
    ],
    [
      'names that are no text',
      line({ method: 'stop', params: { names: [1] } }),
      7,
      'Cannot answer "stop": its params are wrong, got {"names":[1]}',
    ],
    [
      'params that are no object',
      line({ method: 'status', params: [] }),
      7,
      'Cannot answer "status": its params are wrong, got []',
    ],
  ])('refuses %s', (_, text, id, message) => {
    const parsed = parseRequest(text);
    expect(parsed).toMatchObject({ id });
    expect('error' in parsed && parsed.error.message).toBe(message);
  });

  it('names the nearest method', () => {
    expect(parseRequest(line({ method: 'statsu' }))).toMatchObject({
      error: { hint: 'Did you mean "status"?' },
    });
  });
});

describe('parseReply()', () => {
  it.each([{ result: null }, { status: {} }, { error: { code: 'USAGE', message: 'no', hint: null } }])(
    'reads %j',
    (body) => {
      expect(parseReply(line(body))).toEqual({ v: 1, id: 7, ...body });
    },
  );

  it.each([
    'nonsense',
    line({}),
    line({ error: { code: 1 } }),
    line({ v: 3, result: null }),
    '{"v":1,"result":1}',
  ])('refuses %s', (text) => {
    expect(() => parseReply(text)).toThrow(WatchdogError);
  });
});

describe('toWireError()', () => {
  it('keeps code, message and hint of our own errors', () => {
    const error = new WatchdogError('UNKNOWN_SERVER', 'Cannot stop "x": there is no such server', {
      hint: 'See status',
    });
    expect(toWireError(error, 'stop')).toEqual({
      code: 'UNKNOWN_SERVER',
      message: error.message,
      hint: 'See status',
    });
  });

  it('says what was asked when something else broke', () => {
    expect(toWireError(new TypeError('boom'), 'stop')).toMatchObject({
      code: 'CONTROL_FAILED',
      message: 'Cannot stop: boom',
    });
  });
});

import { describe, expect, test } from 'vitest';
import { moveToPort } from '../../../src/daemon/updates/move-port.ts';
import { specOf } from '../../fakes/spec.ts';

const MOVE = { from: 3000, to: 41234 };
const spec = (args: readonly string[], env: Record<string, string> = {}) =>
  specOf({ transport: 'http', url: 'http://localhost:3000/mcp?a=3000', args, env });

describe('moveToPort()', () => {
  test.each<[readonly string[], readonly string[]]>([
    [
      ['--port', '3000'],
      ['--port', '41234'],
    ],
    [
      ['-p', '3000'],
      ['-p', '41234'],
    ],
    [['-p3000'], ['-p41234']],
    [['--http-port=3000'], ['--http-port=41234']],
    [
      ['--listen', '127.0.0.1:3000'],
      ['--listen', '127.0.0.1:41234'],
    ],
    [['http://localhost:3000/mcp'], ['http://localhost:41234/mcp']],
    [
      ['--timeout', '3000', '--port', '3000'],
      ['--timeout', '3000', '--port', '41234'],
    ],
    [
      ['--timeout=3000', '[::]:3000'],
      ['--timeout=3000', '[::]:41234'],
    ],
  ])('changes what can only be a port: %j', (args, moved) => {
    expect(moveToPort(spec(args), MOVE)).toMatchObject({ isSure: true, spec: { args: moved } });
  });

  test('changes the environment, and the url but for its path', () => {
    const env = { PORT: '3000', MCP_HTTP_PORT: '3000', TIMEOUT: '3000', BASE: 'http://0.0.0.0:3000/' };
    expect(moveToPort(spec([], env), MOVE)).toMatchObject({
      isSure: true,
      spec: {
        env: { PORT: '41234', MCP_HTTP_PORT: '41234', TIMEOUT: '3000', BASE: 'http://0.0.0.0:41234/' },
        url: 'http://localhost:41234/mcp?a=3000',
      },
    });
  });

  test.each<[readonly string[], readonly string[]]>([
    [
      ['http', '3000'],
      ['http', '41234'],
    ],
    [
      ['--bind', '0.0.0.0,3000'],
      ['--bind', '0.0.0.0,41234'],
    ],
  ])('changes any whole number where nothing says port, and is not sure: %j', (args, moved) => {
    expect(moveToPort(spec(args), MOVE)).toMatchObject({ isSure: false, spec: { args: moved } });
  });

  test.each<readonly string[]>([['--port', '13000'], ['30001'], ['3000.5', '1.3000'], ['x:30000'], []])(
    'leaves other numbers alone: %j',
    (...args) => expect(moveToPort(spec(args), MOVE)).toBeNull(),
  );
});

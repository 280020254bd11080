import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskArguments, maskCommand, namesSecret } from '../../../src/core/orphans/mask-command.ts';
import { REDACTED } from '../../../src/core/base/text.ts';

describe('maskCommand()', () => {
  test.each([
    ['node server.js --token abc --port 80', 'node server.js --token [secret] --port 80'],
    ['node server.js --api-key=abc', 'node server.js --api-key=[secret]'],
    ['node server.js -password abc', 'node server.js -password [secret]'],
    ['node server.js --token -abc', 'node server.js --token [secret]'],
    ['node server.js --auth Bearer abc', 'node server.js --auth [secret]'],
    ['GITHUB_PAT=abc DB_PASS=x docker run', 'GITHUB_PAT=[secret] DB_PASS=[secret] docker run'],
    ['docker run -e API_KEY=abc mcp/server', 'docker run -e API_KEY=[secret] mcp/server'],
    [
      'mcp-remote http://h/mcp --header Authorization:Bearer abc',
      'mcp-remote http://h/mcp --header Authorization:[secret]',
    ],
    [
      'mcp-remote http://h/mcp --header Authorization: Bearer abc',
      'mcp-remote http://h/mcp --header Authorization: [secret]',
    ],
    ['curl -H X-Anything: abc h', 'curl -H X-Anything: [secret] h'],
    ['curl -u ada:abc h', 'curl -u ada:[secret] h'],
    ['curl X-Api-Key: abc', 'curl X-Api-Key: [secret]'],
    ['psql postgres://ada:abc@db.example/main', 'psql postgres://[secret]@db.example/main'],
    ['psql postgres://ada:p@ss@db.example/main', 'psql postgres://[secret]@db.example/main'],
    ['git clone https://abc@github.com/x', 'git clone https://[secret]@github.com/x'],
    ['x https://h/sse?api_key=abc', 'x https://h/sse?api_key=[secret]'],
    ['x {"password": "a b c"} y', 'x {"password": [secret]} y'],
    ['x --config {"token":"abc"}', 'x --config {"token":[secret]}'],
    ['sh -c PASSWORD="a b" node x', 'sh -c PASSWORD=[secret] node x'],
    ['run Basic YWRhOmFiYw==', 'run Basic [secret]'],
    ['run sk-proj-abc123def456', 'run [secret]'],
    ['run ghp_0123456789abcdefghij', 'run [secret]'],
    ['run xoxb-1234567890-abcdef', 'run [secret]'],
    ['run AKIAIOSFODNN7EXAMPLE', 'run [secret]'],
    ['run eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4', 'run [secret]'],
    ['run -----BEGIN RSA PRIVATE KEY-----\nMIIE', 'run [secret]'],
  ])('%s', (text, masked) => expect(maskCommand(text)).toBe(masked));

  test.each([
    'node /opt/mcp/server.js --port 3000 --transport http',
    'npx -y @upstash/context7-mcp@1.0.14 --verbose',
    '/usr/bin/python3 -m mcp_server_time --local-timezone=Europe/Berlin',
    'node server.js --url http://127.0.0.1:3000/mcp?mode=a&b=c',
    'node x https://auth.example.com:443/mcp',
    'node x http://h/@scope/pkg',
    'npm_config_cache=/tmp/x sk-learn-mcp-server',
    'node x --token --port 3000',
    'PWD=/home/ada PATH=/usr/bin node x',
  ])('leaves %s as it is', (text) => expect(maskCommand(text)).toBe(text));

  test('changes nothing the second time, and never throws', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '--token',
        'KEY=',
        'Authorization:',
        'Bearer',
        '"',
        "'",
        'https://',
        '@',
        '-H',
        '-u',
        'a:b',
      ),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const once = maskCommand(words.join(' '));
        expect(maskCommand(once)).toBe(once);
      }),
    );
  });

  test('never shows what follows a telling name', () => {
    const secret = fc.stringMatching(/^[\w+/=.~&;,!-]{6,40}$/).map((text) => `S3${text}`);
    const form = fc.constantFrom(
      '--token ',
      '--api-key=',
      'DB_PASSWORD=',
      'x?auth=',
      'Authorization: Bearer ',
      'cookie:',
    );
    fc.assert(
      fc.property(form, secret, (before, value) => {
        expect(maskCommand(`node x ${before}${value} --port 1`)).not.toContain(value);
      }),
    );
  });

  test.each(['a', '-', 'sk-', '://', '"', 'a:', 'Bearer ', '-H a:', 'key=', 'eyJ', '\\"'])(
    'takes no time over a long text of %s',
    (piece) => {
      const begun = performance.now();
      maskCommand(piece.repeat(100_000 / piece.length));
      expect(performance.now() - begun).toBeLessThan(1000);
    },
  );
});

describe('maskArguments()', () => {
  test('knows where a secret ends', () => {
    expect(maskArguments(['x', '--password', 'a b c', '--port', '1'])).toEqual([
      'x',
      '--password',
      REDACTED,
      '--port',
      '1',
    ]);
    expect(maskArguments(['x', '--token', '--verbose'])).toEqual(['x', '--token', '--verbose']);
    expect(maskArguments(['sh', '-c', 'TOKEN=abc node x'])).toEqual(['sh', '-c', 'TOKEN=[secret] node x']);
  });
});

test.each([
  'API_TOKEN',
  '--api-key',
  'Authorization',
  'dbPassword',
  'SMTP_PASS',
  '--pass',
  'GITHUB_PAT',
  'DB_PWD',
  'Cookie',
])('%s names a secret', (name) => expect(namesSecret(name)).toBe(true));

test.each(['PWD', 'PATH', 'port', 'passive', 'pattern', 'bypass'])('%s names none', (name) =>
  expect(namesSecret(name)).toBe(false),
);

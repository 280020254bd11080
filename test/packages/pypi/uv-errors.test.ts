// What uv printed, word by word, of the oldest and the newest that we take.
import { describe, expect, it } from 'vitest';
import { errorOfUv, explainUv, neededPython } from '../../../src/packages/pypi/uv-errors.ts';

const task = {
  wanted: { package: 'pypi:good-mcp', spec: 'pypi:good-mcp@7.7', folder: '/home/servers/x' },
  timeout: 30_000,
};
const unsolvable = (because: string): string =>
  `error: No solution found when resolving dependencies\n  cause: Because ${because}, we can conclude that your requirements are unsatisfiable.\n`;
const formerly = (because: string): string =>
  `  × No solution found when resolving dependencies:\n  ╰─▶ Because ${because}, we can conclude that your requirements are unsatisfiable.\n`;
const NOT_THERE = 'good-mcp was not found in the package registry and you require good-mcp';

describe('explainUv()', () => {
  it.each([
    ['an unknown package', unsolvable(NOT_THERE), 'UNKNOWN_PACKAGE', 'the index knows no package "good-mcp"'],
    [
      'the same of an old uv',
      formerly(NOT_THERE),
      'UNKNOWN_PACKAGE',
      'the index knows no package "good-mcp"',
    ],
    [
      'an unknown dependency',
      unsolvable(
        'nothere was not found in the package registry and all versions of good-mcp depend on nothere>=1',
      ),
      'INSTALL_FAILED',
      'the index lacks something it needs: nothere',
    ],
    [
      'an unknown version',
      formerly('there is no version of good-mcp==7.7 and you require good-mcp==7.7'),
      'UNKNOWN_VERSION',
      'the index has no such version of it, asked for pypi:good-mcp@7.7',
    ],
    [
      'another Python',
      unsolvable(
        'the current Python version (3.11.7) does not satisfy Python>=3.99 and good-mcp==1.0 depends on Python>=3.99',
      ),
      'ENGINE_MISMATCH',
      'it needs Python >=3.99, this is 3.11.7',
    ],
    [
      'no Python',
      'error: No interpreter found for Python 3.99 in managed installations or search path\n\nhint: uv embeds …\n',
      'ENGINE_MISMATCH',
      'there is no Python 3.99, and uv finds none to download',
    ],
    [
      'no wheel',
      `${unsolvable('good-mcp==1.0 has no usable wheels and you require good-mcp==1.0')}hint: Wheels are required for \`good-mcp\` because building from source is disabled for all packages (i.e., with \`--no-build\`)\n`,
      'INSTALL_FAILED',
      'good-mcp==1.0 has no usable wheels',
    ],
    [
      'a wheel for another system',
      unsolvable(
        'good-mcp==1.0 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`) and you require good-mcp==1.0',
      ),
      'INSTALL_FAILED',
      'good-mcp==1.0 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`)',
    ],
    [
      'a refused token',
      `${unsolvable(NOT_THERE)}\nhint: An index URL (https://x/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized)\n`,
      'INSTALL_FAILED',
      expect.stringContaining('the index refuses us'),
    ],
    [
      'a forbidden one',
      `${unsolvable(NOT_THERE)}\nhint: An index (https://x/simple) returned a 403 Forbidden error. Check that …\n`,
      'INSTALL_FAILED',
      expect.stringContaining('the index refuses us'),
    ],
    [
      'another hash',
      'error: Failed to download `good-mcp==1.0`\n  cause: Hash mismatch for `good-mcp==1.0`\n         Expected:\n           sha256:00\n',
      'INSTALL_FAILED',
      'what arrived is not what the index promised (hash mismatch)',
    ],
    [
      'another name inside',
      'error: Package metadata name `other` does not match given name `good-mcp`\n',
      'INSTALL_FAILED',
      expect.stringContaining('what was unpacked is not what was asked for'),
    ],
    [
      'a dependency from git',
      'error: Failed to resolve dependencies for package `good-mcp==1.0`\n  cause: Package `x` was included as a URL dependency. URL dependencies must be expressed as direct requirements or constraints. Consider adding `x @ git+https://y` to your dependencies or constraints file.\n',
      'INSTALL_FAILED',
      expect.stringContaining('x @ git+https://y'),
    ],
    [
      'a full disk',
      'error: Failed to write to the client cache\n  cause: failed to write to file `/c`: No space left on device (os error 28)\n',
      'DISK_FULL',
      'no space is left on the disk',
    ],
    [
      'a certificate',
      'error: Failed to fetch: `https://x`\n  Caused by: error sending request for url (https://x)\n  Caused by: invalid peer certificate: UnknownIssuer\n',
      'INSTALL_FAILED',
      "the index's certificate is not trusted",
    ],
    ['nothing', '', 'INSTALL_FAILED', 'uv said nothing'],
  ])('tells of %s', (_what, stderr, code, reason) => {
    expect(explainUv(stderr, task)).toMatchObject({ code, reason });
  });

  it.each([
    [
      'no connection',
      'error: Failed to fetch: http://127.0.0.1:1/simple/x/\n  cause: error sending request for url (http://127.0.0.1:1/simple/x/)\n  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)\n',
      'OFFLINE',
    ],
    [
      'no network',
      `${unsolvable('good-mcp was not found in the cache and you require good-mcp')}\nhint: Packages were unavailable because the network was disabled. When the network is disabled, …\n`,
      'OFFLINE',
    ],
    [
      'trouble',
      'error: Failed to fetch: http://x/simple/x/\n  cause: HTTP status server error (500 Internal Server Error) for url (http://x/simple/x/)\n',
      'INSTALL_FAILED',
    ],
    [
      'silence',
      'error: Request failed after 1 retry in 3.3s\n  cause: Failed to fetch: http://x/\n  cause: error sending request for url (http://x/)\n  cause: operation timed out\n',
      'INSTALL_FAILED',
    ],
  ])('may use an installed version after %s', (_what, stderr, code) => {
    expect(explainUv(stderr, task)).toMatchObject({ code, unreachable: true });
  });

  it('tells what is too young by our limit from what is by the settings of the user', () => {
    const young = `${unsolvable('there is no version of good-mcp==1.1 and you require good-mcp==1.1')}\nhint: \`good-mcp\` was filtered by \`exclude-newer\` to only include packages uploaded before 2026-11-01T00:00:00Z.\n`;
    expect(explainUv(young, { ...task, isLimited: true }).hint).toContain('update.minimumAge');
    expect(explainUv(young, task).hint).toContain('exclude-newer');
  });

  it('prints no control characters of a package', () => {
    const { reason } = explainUv('error: \u001b[31mred\u0007', task);
    expect(reason).not.toContain('\u001b');
    expect(reason).not.toContain('\u0007');
  });
});

describe('errorOfUv()', () => {
  const result = {
    code: 0,
    signal: null,
    stdout: '',
    stderr: '',
    timedOut: false,
    aborted: false,
    spawnError: null,
  };

  it.each([
    [{ aborted: true, code: null }, 'it was stopped'],
    [{ timedOut: true, code: null }, 'uv was not done after 30 s'],
    [{ code: 137 }, 'uv was ended by signal 9'],
    [{ code: null, signal: 'SIGKILL' }, 'uv was ended by SIGKILL'],
    [{ code: null, spawnError: 'EACCES' }, 'uv does not run (EACCES)'],
  ])('explains %j', (change, reason) => {
    expect(errorOfUv({ ...result, ...change }, task)?.reason).toBe(reason);
  });

  it('is null for a success, and says so of a stall', () => {
    expect(errorOfUv(result, task)).toBeNull();
    expect(errorOfUv({ ...result, timedOut: true }, { ...task, isStall: true })?.reason).toBe(
      'uv made no progress for 30 s',
    );
  });
});

it('neededPython() reads what to try next', () => {
  expect(
    neededPython(formerly('the current Python version (3.9.1) does not satisfy Python>=3.10,<4 and x')),
  ).toBe('>=3.10');
  expect(neededPython(unsolvable(NOT_THERE))).toBeNull();
});

// Lines that package runners, container tools and model hubs print while they download, and lines that only look like them.
import { describe, expect, test } from 'vitest';

import { downloadLine } from '../../../src/core/lifecycle/download-line.ts';
import { decideLifecycle } from '../../../src/core/lifecycle/lifecycle.ts';
import {
  INITIAL_LIFECYCLE,
  type DownloadState,
  type LifecycleAction,
  type LifecycleInput,
  type LifecyclePolicy,
  type LifecycleState,
} from '../../../src/core/model/lifecycle-state.ts';
import { DEFAULT_SPEC } from '../../fakes/spec.ts';

describe('a line of a download that goes on', () => {
  test.each([
    ['uvx', 'Downloading numpy (15.9MiB)'],
    ['uvx', ' Downloaded numpy'],
    ['uvx', '   Building some-mcp @ git+https://example.com/some-mcp'],
    ['uv, older', '⠙ Preparing packages... (3/12)'],
    ['pip', 'Collecting httpx>=0.27'],
    ['pip', '  Downloading httpx-0.28.1-py3-none-any.whl (73 kB)'],
    ['pip', '     ━━━━━━━━━━━━━━━ 12.3/45.6 MB 4.1 MB/s eta 0:00:08'],
    ['pip', 'Installing collected packages: httpx'],
    ['docker', 'latest: Pulling from mcp/fetch'],
    ['docker', 'a3ed95caeb02: Pulling fs layer'],
    ['docker', 'a3ed95caeb02: Download complete'],
    ['docker', 'a3ed95caeb02: Pull complete'],
    ['docker', 'Digest: sha256:0123456789abcdef'],
    ['podman', 'Copying blob sha256:0123456789abcdef'],
    ['pnpm', 'Progress: resolved 120, reused 0, downloaded 37, added 12'],
    ['yarn', '➤ YN0000: ┌ Fetch step'],
    ['go', 'go: downloading github.com/mark3labs/mcp-go v0.43.0'],
    ['deno', 'Download https://jsr.io/@std/path/meta.json'],
    ['cargo', '   Compiling rmcp v0.8.0'],
    ['playwright', 'Downloading Chromium 140.0 (playwright build v1187) from https://cdn.example.com'],
    ['playwright', '|■■■■■■■■                        |  10% of 172.5 MiB'],
    ['a model', 'model.safetensors:  45%|████▌     | 1.2G/2.7G'],
    ['a server of its own', '[stdout] Downloading the language model, this takes a while'],
  ])('%s: %s', (_tool, line) => {
    expect(downloadLine(line)).toBe('progress');
  });

  test.each([
    ['npx', 'npm warn exec The following package was not found and will be installed: some-mcp@1.0.0'],
    ['npx', 'npm WARN exec The following packages were not found and will be installed: a@1.0.0, b@2.0.0'],
    ['npx', 'Need to install the following packages:'],
    ['docker', "Unable to find image 'mcp/fetch:latest' locally"],
    ['podman', 'Trying to pull docker.io/mcp/fetch:latest...'],
    ['bunx', 'Resolving dependencies'],
  ])('%s, which says nothing until it is done: %s', (_tool, line) => {
    expect(downloadLine(line)).toBe('silent');
  });
});

test.each([
  'Server listening on port 3000',
  'Installed 34 packages in 41ms',
  'Status: Downloaded newer image for mcp/fetch:latest',
  'Successfully installed httpx-0.28.1',
  'Error: Downloading numpy failed: connection reset',
  'Downloading numpy: cannot resolve host',
  'The downloads folder is /home/user/Downloads',
  'Connecting to the database',
  '50% of requests are sampled',
  '{"level":"info","msg":"ready"}',
  '',
])('no download: %s', (line) => {
  expect(downloadLine(line)).toBe(null);
});

describe('a start that takes longer than its timeout', () => {
  const policy: LifecyclePolicy = {
    restart: DEFAULT_SPEC.restart,
    startTimeout: 10_000,
    stop: [{ kind: 'kill', wait: 2000 }],
  };

  function begin() {
    let state: LifecycleState = INITIAL_LIFECYCLE;
    const actions: LifecycleAction[] = [];
    const send = (at: number, event: LifecycleInput): void => {
      const decision = decideLifecycle(state, { ...event, at, chance: 0.5 }, policy);
      state = decision.state;
      actions.push(...decision.actions);
    };
    send(0, { kind: 'start', clear: true });
    send(0, { kind: 'prepared', run: 1 });
    return {
      get state() {
        return state;
      },
      actions,
      tick: (at: number, download: DownloadState) => send(at, { kind: 'tick', download }),
    };
  }

  test('is waited for while its download goes on, and ended with the cure once that stalls', () => {
    const life = begin();
    life.tick(10_000, 'advancing');
    expect(life.state).toMatchObject({ phase: 'starting', deadline: 40_000 });
    life.tick(40_000, 'stalled');
    expect(life.state.phase).toBe('stopping');
    expect(life.actions).toContainEqual({
      kind: 'count-start-failure',
      failure: expect.objectContaining({
        code: 'NOT_READY_IN_TIME',
        hint: expect.stringContaining('Set `start.timeout`'),
      }),
    });
  });

  test('is ended ten minutes later at the latest', () => {
    const life = begin();
    let at = 10_000;
    for (; life.state.phase === 'starting'; at = Reflect.get(life.state, 'deadline') ?? 0)
      life.tick(at, 'advancing');
    expect(life.state.phase).toBe('stopping');
    expect(life.actions.filter(({ kind }) => kind === 'count-start-failure')).toHaveLength(1);
    expect(begin().state).toMatchObject({ limit: 610_000 });
  });

  test('is ended at once without a download, and without that cure', () => {
    const life = begin();
    life.tick(10_000, 'none');
    expect(life.state.phase).toBe('stopping');
    expect(life.actions).toContainEqual({
      kind: 'count-start-failure',
      failure: expect.objectContaining({ hint: null }),
    });
  });
});

// Planned restarts as the daemon has them: real files, real node-schedule, a supervisor that only writes down.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RestartCause } from '../../../src/core/model/lifecycle-state.ts';
import { INITIAL_LIFECYCLE } from '../../../src/core/model/lifecycle-state.ts';
import type { ServerSpec } from '../../../src/core/model/server-spec.ts';
import { openContext } from '../../../src/daemon/context.ts';
import { openPlannedRestarts } from '../../../src/daemon/servers/planned-restarts.ts';
import type { Runner } from '../../../src/supervisor/runner.ts';
import { specOf } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const EACH_SECOND = '* * * * * *';

function setUp() {
  const paths = tempHome();
  const lines: string[] = [];
  const context = openContext({ paths, version: '1.2.3', alsoLogTo: (line) => lines.push(line) });
  onTestFinished(() => context.teardown.run());
  const restarts: (RestartCause & { readonly server: string })[] = [];
  const wanted = new Map<string, 'up' | 'down'>();
  openPlannedRestarts(context, {
    supervisor: {
      restart: (server, cause) => void restarts.push({ server, ...cause }),
      runner(server): Runner {
        const spec = specOf({ name: server });
        const state = { ...INITIAL_LIFECYCLE, wanted: wanted.get(server) ?? ('up' as const) };
        return { spec, state, process: null, send: () => {}, updateSpec: () => {} };
      },
    },
  });
  const publish = (kind: 'server-added' | 'server-changed', restart: Partial<ServerSpec['restart']>) => {
    const spec = specOf({ name: 'a' });
    const changed = { ...spec, restart: { ...spec.restart, ...restart } };
    context.bus.publish({ kind, server: 'a', spec: changed });
  };
  return { context, lines, restarts, wanted, publish, home: paths.home };
}

/** Writes when it has not for a while: the watch waits until nothing changes any more. */
function writerOf(file: string): () => void {
  let count = 0;
  let last = 0;
  return () => {
    if (Date.now() - last < 700) return;
    last = Date.now();
    writeFileSync(file, 'x'.repeat((count += 1)));
  };
}

describe('restart.at', () => {
  test('restarts when it is due, counted as requested, until the rule is taken away', async () => {
    const { restarts, publish, wanted } = setUp();
    publish('server-added', { at: EACH_SECOND });
    await waitFor(() => restarts.length >= 1);
    expect(restarts[0]).toEqual({
      server: 'a',
      reason: 'requested',
      detail: `planned: restart.at ${EACH_SECOND}`,
    });
    wanted.set('a', 'down');
    const before = restarts.length;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(restarts).toHaveLength(before);
    wanted.set('a', 'up');
    publish('server-changed', { at: null });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(restarts).toHaveLength(before);
  });

  test('ends with the daemon', async () => {
    const { context, restarts, publish } = setUp();
    publish('server-added', { at: EACH_SECOND });
    await context.teardown.run();
    const before = restarts.length;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(restarts).toHaveLength(before);
  });
});

describe('restart.watch', () => {
  test('restarts once the files have changed, and says which', async () => {
    const { restarts, publish, home, wanted, context } = setUp();
    const file = join(home, 'server.js');
    publish('server-added', { watch: [file] });
    const write = writerOf(file);
    await waitFor(() => {
      write();
      return restarts.length > 0;
    });
    expect(restarts[0]).toEqual({
      server: 'a',
      reason: 'requested',
      detail: `${file} changed (restart.watch)`,
    });
    wanted.set('a', 'down');
    const before = restarts.length;
    writeFileSync(file, 'changed while it is meant to be down');
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(restarts).toHaveLength(before);
    wanted.set('a', 'up');
    context.bus.publish({ kind: 'server-removed', server: 'a' });
    writeFileSync(file, 'changed once nobody watches');
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(restarts).toHaveLength(before);
  });

  test('slows down when each restart changes the files again, and says so', async () => {
    const { restarts, publish, home, lines } = setUp();
    const file = join(home, 'own.db');
    publish('server-added', { watch: [file] });
    const write = writerOf(file);
    await waitFor(
      () => {
        // As a server does that writes whenever it starts.
        write();
        return lines.some((line) => line.includes('seems to write to the files of its restart.watch'));
      },
      { timeout: 20_000 },
    );
    expect(restarts).toHaveLength(5);
  });
});

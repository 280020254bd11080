// A home of its own for each test, removed afterwards with everything in it.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Paths, resolvePaths } from '../../src/system/files/paths.ts';

/** What is done when a test, or all tests that share something, are over. */
export type AtEnd = (end: () => void | Promise<void>) => void;

/** Paths of a fresh home with its folders made, 0700. */
export function tempHome(atEnd: AtEnd = onTestFinished): Paths {
  const paths = resolvePaths(mkdtempSync(join(tmpdir(), 'mcpw-')));
  for (const folder of [paths.run, paths.logs, paths.serverLogs, paths.servers])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  atEnd(() => {
    // A test may have closed it, and only root passes over that.
    if (existsSync(paths.home)) chmodSync(paths.home, 0o700);
    rmSync(paths.home, { recursive: true, force: true, maxRetries: 5 });
  });
  return paths;
}

/** A fresh home for several tests: what they start is ended, last first, by `endAll` in their `afterAll`. */
export function sharedHome(): { home: string; atEnd: AtEnd; endAll: () => Promise<void> } {
  const ends: (() => void | Promise<void>)[] = [];
  const atEnd: AtEnd = (end) => void ends.push(end);
  const { home } = tempHome(atEnd);
  return {
    home,
    atEnd,
    async endAll() {
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
    },
  };
}

/** Paths of a home that nobody has made yet; `below` can make its path long. */
export function missingHome(below = 'home'): Paths {
  return resolvePaths(join(tempHome().home, below));
}

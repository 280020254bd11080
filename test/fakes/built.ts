// The program as it is shipped, for tests that need it as a process of its own and untouched by other builds.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Built {
  /** Holds `cli.js` and all others. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** Compiles src/ to a folder of its own, inside the repository, where imports of packages still resolve. */
export async function build(): Promise<Built> {
  const root = join(import.meta.dirname, '..', '..');
  const cache = join(root, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const parent = await mkdtemp(join(cache, 'built-'));
  const directory = join(parent, 'dist');
  // The version is read from beside the compiled folder.
  await copyFile(join(root, 'package.json'), join(parent, 'package.json'));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const argv = [
    compiler,
    '-p',
    join(root, 'tsconfig.build.json'),
    '--outDir',
    directory,
    '--incremental',
    'false',
  ];
  // Types are judged elsewhere; what could not be compiled at all fails where it is imported.
  const flags = ['--noCheck', '--declaration', 'false', '--tsBuildInfoFile', 'null'];
  await promisify(execFile)(process.execPath, [...argv, ...flags], { cwd: root });
  return { directory, remove: () => rm(parent, { recursive: true, force: true }) };
}

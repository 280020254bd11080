// Guard inside the npm process: refuses the programs that npm starts for git dependencies, whatever its version.

/**
 * Script for `node --import`, which npm never sees. With scripts off npm has nothing to start but git and, for the `prepare`
 * script of a git dependency, another npm that obeys the `.npmrc` of the repository: all is refused. With scripts on, these
 * two are.
 *
 * @param mode what may be started: nothing, or scripts
 */
export function refuseProcesses(mode: 'nothing' | 'scripts'): string {
  return `
    import { createRequire, syncBuiltinESMExports } from 'node:module';
    const processes = createRequire('/')('node:child_process');
    const isRefused = (file, list) =>
      ${mode === 'nothing'} ||
      /(^|[\\\\/\\s])git(\\.exe)?$/.test(String(file)) ||
      (Array.isArray(list) && list.some((each) => String(each).endsWith('npm-cli.js')));
    for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) {
      const original = processes[name];
      processes[name] = (file, ...rest) => {
        if (!isRefused(file, rest[0])) return original(file, ...rest);
        throw Object.assign(new Error('a dependency from git was refused'), { code: '${REFUSED_GIT}' });
      };
    }
    syncBuiltinESMExports();
  `;
}

/** The code that npm itself has for it since 11. */
const REFUSED_GIT = 'EALLOWGIT';

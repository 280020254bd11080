// What a package needs of dist/: the bundled program, and the type declarations that its index names, directly or through others.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** Paths relative to `dist`; none in a build without declarations. */
export function declarationsOf(dist) {
  const found = new Set();
  const open = [join(dist, 'index.d.ts')];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file) || !existsSync(file)) continue;
    found.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/gu))
      open.push(join(dirname(file), name.replace(/\.[jt]s$/u, '.d.ts')));
  }
  return [...found].map((file) => relative(dist, file).split(sep).join('/'));
}

/**
 * Keeps all else out of what `npm pack` packs: declarations that nobody can import, and the modules of which the program was bundled.
 *
 * @param program what was bundled, relative to `dist`
 */
export function packOnlyNeeded(dist, program) {
  const needed = [...declarationsOf(dist), ...program.filter((name) => name.endsWith('.js'))];
  const lines = ['*.d.ts', '*.js', '!/page/**/*.js', ...needed.map((name) => `!/${name}`)];
  writeFileSync(join(dist, '.npmignore'), `${lines.join('\n')}\n`);
}

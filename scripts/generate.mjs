// Writes the files that are made from the code: config.schema.json, docs/metrics.md, grafana/dashboards/, the routing of
// alerting/alertmanager.yml. With --check it only
// compares, and exits 1 on a difference. Reads dist/, so build first.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { renderRouting } from './routing.mjs';

const check = process.argv.includes('--check');
const root = fileURLToPath(new URL('..', import.meta.url));
const { configSchemaText } = await load('config/schema/json-schema.js');
const { renderMetricsPage } = await load('core/metrics/metrics-page.js');

const FILES = {
  'config.schema.json': configSchemaText(),
  'docs/metrics.md': renderMetricsPage(),
  'src/core/notification/shipped-routing.ts': renderRouting(root),
  ...(await dashboards()),
};

for (const [name, text] of Object.entries(FILES)) {
  const path = join(root, name);
  if (read(path) === text) continue;
  if (check) {
    console.error(
      `${name} is not what the code says\nhint: npm run build && npm run generate, and commit the result`,
    );
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  }
}

async function load(module) {
  try {
    return await import(new URL(`../dist/${module}`, import.meta.url));
  } catch (error) {
    console.error(
      `Cannot generate: dist/ is missing or broken (${error.message.split('\n')[0]})\nhint: npm run build`,
    );
    return process.exit(1);
  }
}

// Compiled beside the packages that they need, and not into dist/: who uses the watchdog needs only what comes out.
async function dashboards() {
  const folder = join(root, 'node_modules', '.cache', `dashboards-${process.pid}`);
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const built = spawnSync(tsc, ['-p', join(root, 'grafana'), '--outDir', folder], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(built.stdout || String(built.error));
    const module = pathToFileURL(join(folder, 'grafana', 'src', 'dashboards.js'));
    return (await import(module.href)).renderDashboards(root);
  } catch (error) {
    console.error(`Cannot generate the dashboards: ${error.message.trim()}`);
    process.exitCode = 1;
    return {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

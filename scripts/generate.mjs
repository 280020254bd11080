// Writes the files that are made from the code: config.schema.json, docs/metrics.md. With --check it only compares, and exits 1 on a difference.
// Reads dist/, so build first.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const check = process.argv.includes('--check');
const { configSchemaText } = await load('config/json-schema.js');
const { renderMetricsPage } = await load('core/metrics-page.js');

const FILES = { 'config.schema.json': configSchemaText, 'docs/metrics.md': renderMetricsPage };

for (const [name, textOf] of Object.entries(FILES)) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const text = textOf();
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

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

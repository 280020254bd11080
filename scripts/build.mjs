// `npm run build`: src/ to dist/, and the page in the browser to dist/page/ bundled; with `--if-older` only where a source is newer.
import { build, buildAll } from './setup.mjs';

await (process.argv.includes('--if-older') ? build() : buildAll());

// `npm run build`: src/ to dist/, and the page in the browser to dist/page/ bundled.
import { buildAll } from './setup.mjs';

await buildAll();

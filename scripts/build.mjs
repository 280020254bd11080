// `npm run build`: src/ to dist/, and the page in the browser to dist/page/ with the libraries that it loads beside it.
import { buildAll } from './setup.mjs';

await buildAll();

// fast-check as all tests get it (vitest.config.ts): with one seed, so that two runs of the suite try the same inputs.
import { configureGlobal } from '../../node_modules/fast-check/lib/fast-check.js';

/** `MCP_WATCHDOG_TEST_SEED=random` tries other inputs; a failure names the seed and the path to its counterexample. */
const seed = process.env['MCP_WATCHDOG_TEST_SEED'] ?? '2026';

if (seed !== 'random') configureGlobal({ seed: Number(seed) });

// eslint-disable-next-line import/export -- all of it, under the name that tests import
export * from '../../node_modules/fast-check/lib/fast-check.js';

// Check for a newer release of mcp-watchdog; a failed look-up is no warning.
import { type Check, ok, warning } from '../check.ts';

export const release: Check = {
  id: 'release',
  title: 'Release',
  async run({ version, packageName, newerRelease }) {
    const answer = await newerRelease();
    if (answer.kind === 'unknown') return [ok(`${version}; no check for a newer release: ${answer.reason}`)];
    if (answer.kind === 'newest') return [ok(`${version}, the newest`)];
    const cure = `npm install -g ${packageName}@${answer.version} (in a clone: git pull, npm ci, npm run build), then mcp-watchdog restart`;
    return [warning(`${answer.version} is available, this is ${version}`, cure)];
  },
};

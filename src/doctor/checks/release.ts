// Whether there is a newer release of ours; nobody is bothered when that cannot be found out.
import { type Check, ok, warning } from '../check.ts';

export const release: Check = {
  id: 'release',
  title: 'Release',
  async run({ version, newerRelease }) {
    const answer = await newerRelease();
    if (answer.kind === 'unknown') return [ok(`${version}; whether there is a newer one is not known`)];
    if (answer.kind === 'newest') return [ok(`${version}, the newest`)];
    const cure = `npm install -g mcp-watchdog@${answer.version} (in a clone: git pull, npm ci, npm run build), then mcp-watchdog restart`;
    return [warning(`${answer.version} is there, this is ${version}`, cure)];
  },
};

// Recognition of downloads in what a starting process prints: package runners, container and model downloads.

/** What a download may take beyond the start timeout, ms. */
export const LONGEST_DOWNLOAD = 10 * 60_000;

export const DOWNLOAD_HINT =
  'It downloads what it needs at its first start. Set `start.timeout` to what that takes here, such as 5m, or run its command once by hand.';

/** Silence after which a download counts as stalled, ms, where the start timeout is shorter. */
const STALLED_AFTER = 30_000;

/** Returns how long a download may print nothing new, ms. @param startTimeout ms */
export function downloadWait(startTimeout: number): number {
  return Math.max(startTimeout, STALLED_AFTER);
}

/**
 * `progress`: one of many lines, so that the next one is expected soon. `silent`: the only line that the tool prints until
 * it is done.
 */
export type DownloadLine = 'progress' | 'silent';

/** Tells whether a line belongs to a download or to an installation; null for any other. */
export function downloadLine(line: string): DownloadLine | null {
  const text = line.replace(/^\[(?:stdout|stderr)\] /u, '').trim();
  if (DONE.some((pattern) => pattern.test(text))) return null;
  if (SILENT.some((pattern) => pattern.test(text))) return 'silent';
  return PROGRESS.some((pattern) => pattern.test(text)) ? 'progress' : null;
}

/** After these the program itself starts. */
const DONE: readonly RegExp[] = [
  // uv
  /^(?:Installed|Audited|Uninstalled) \d+ packages? in /u,
  // docker
  /^Status: (?:Downloaded|Image is up to date)/u,
  // bunx
  /^Saved lockfile\b/u,
  // pip
  /^Successfully (?:installed|built)\b/u,
  // what failed downloads nothing
  /\b(?:error|failed|cannot|unable to (?:download|fetch|connect))\b/iu,
];

const SILENT: readonly RegExp[] = [
  // npx, pnpm dlx and yarn dlx in a pipe
  /\bThe following packages? (?:was|were) not found and will be installed\b/u,
  /^Need to install the following packages\b/u,
  // docker and podman
  /^Unable to find image '.+' locally/u,
  /^Trying to pull \S+/u,
  // bunx
  /^Resolving dependencies\W*$/u,
];

const PROGRESS: readonly RegExp[] = [
  // uvx, pip, cargo, playwright, model hubs, and whoever says it in plain words
  /^\W*(?:downloading|downloaded|fetching|pulling|installing|collecting|resolving|unpacking|extracting|preparing packages|prepared|building|built|compiling|obtaining)\b/iu,
  // docker: `a1b2c3d4e5f6: Pull complete`, `latest: Pulling from x/y`
  /^[\w.-]+: (?:pulling|pull complete|downloading|download complete|verifying|extracting|waiting|already exists)\b/iu,
  /^Digest: sha256:/u,
  // podman
  /^(?:Getting image source signatures|Copying (?:blob|config) |Writing manifest)/u,
  // pnpm and yarn
  /^Progress: resolved \d+/u,
  /^➤ YN\d{4}: [┌│└]? ?(?:Resolution|Fetch|Link)/u,
  // go, deno
  /^go: (?:downloading|finding|extracting) /u,
  /^Download https?:/u,
  // a bar: `model.bin:  45%|████`, `|■■■■    |  40% of 150 MiB`
  /\d{1,3}(?:\.\d+)?\s?%\s?(?:\||of \d|\[)/u,
  // an amount of an amount: `12.3/45.6 MB`
  /\d\s*\/\s*\d+(?:\.\d+)?\s?(?:[kMG]i?B|bytes)\b/u,
];

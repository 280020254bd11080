// Order of the test files: the longest first, so that no worker is left alone with one at the end; those that share a worker last, as what fills the gaps.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds that files took on two cores, where the last run on this machine says nothing; others take less than eight. */
const SECONDS: Readonly<Record<string, number>> = {
  'e2e/delivery': 156,
  'e2e/updates-faults': 122,
  'darwin/selftest': 100,
  'e2e/own-death': 100,
  'e2e/own-death-home': 97,
  'e2e/updates-real': 95,
  'e2e/reload': 95,
  'e2e/alerts': 90,
  'e2e/operation': 84,
  'e2e/gateway': 70,
  'e2e/disk-trouble-at-start': 68,
  'page/life': 62,
  'dashboards/queries': 60,
  'e2e/restarts': 58,
  'daemon/updates/canary': 58,
  'chaos/delivery': 57,
  'e2e/first-config': 50,
  'e2e/systemd': 49,
  'e2e/notifications': 48,
  'e2e/limits': 47,
  'packages/package-updates': 42,
  'e2e/python-packages': 40,
  'e2e/housekeeping': 39,
  'e2e/gateway-per-session': 38,
  'e2e/gateway-on-demand': 38,
  'packages/pypi/installer': 37,
  'e2e/own-death-files': 36,
  'packages/installer-faults': 36,
  'page/tabs': 36,
  'commands/setup/install': 35,
  'e2e/fleet': 34,
  'e2e/gateway-faults': 32,
  'e2e/own-death-limits': 31,
  'page/views': 30,
  'e2e/tls': 30,
  'darwin/story': 29,
  'e2e/doctor': 29,
  'e2e/floods': 28,
  'page/daemon': 27,
  'e2e/updates-seen': 26,
  'e2e/commands': 26,
  'e2e/connect': 23,
  'e2e/packages': 23,
  'promql/unit-tests': 22,
  'e2e/metrics': 22,
  'e2e/privacy': 22,
  'e2e/processes': 22,
  'system/net/http-listener': 22,
  'system/v8-flags': 22,
  'e2e/containers': 21,
  'packages/npm/real-registry': 21,
  'e2e/tarball': 21,
  'supervisor/supervisor': 20,
  cli: 19,
  'packages/installer': 19,
  'promql/differential': 19,
  'e2e/gateway-spare': 18,
  'alerting/promtool': 17,
  'e2e/sleep': 17,
  'e2e/monitor': 16,
  'e2e/gateway-crowd': 15,
  'e2e/verdicts': 14,
  'packages/engines': 14,
  'packages/npm/no-code': 14,
  'e2e/planted-secrets': 14,
  'wire/http/mcp-http': 14,
  'e2e/last-cause': 13,
  'system/time/cron': 13,
  'orphans/find-orphans': 13,
  'alerting/same-words': 13,
  'gateway/streams': 12,
  'e2e/import': 12,
  'daemon/servers/planned-restarts': 12,
  'chaos/port-theft': 12,
  'e2e/orphans': 12,
  'probes/prober-live': 11,
  'commands/completions/completion': 10,
  'chaos/shims': 10,
  'web/prometheus': 10,
  'control/server': 10,
  'daemon/servers/scheduled-jobs': 9,
  'e2e/first-and-last': 9,
  'e2e/updates-era': 8,
  'logs/capture-output': 8,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const known = files.map((file) => ({ file, seconds: this.#secondsOf(file), isShared: isShared(file) }));
    return known
      .toSorted((a, b) => Number(a.isShared) - Number(b.isShared) || b.seconds - a.seconds)
      .map(({ file }) => file);
  }

  #secondsOf({ moduleId, project }: TestSpecification): number {
    const path = relative(this.ctx.config.root, moduleId);
    const last = this.ctx.cache.getFileTestResults(`${project.name}:${path}`);
    if (last !== undefined && last.duration > 0) return last.duration / 1000;
    return SECONDS[path.replace(/^test\/(.*)\.test\.ts$/u, '$1')] ?? 0;
  }
}

/** Those share what they loaded as long as they follow each other. */
function isShared({ project }: TestSpecification): boolean {
  return !project.config.isolate;
}

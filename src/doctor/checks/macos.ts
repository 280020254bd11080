// Checks of macOS' privacy: protected folders, the local network, and the signature that its permissions hang on.
import {
  isLocalNetworkHost,
  LOCAL_NETWORK_CURE,
  LOCAL_NETWORK_WORDS,
} from '../../system/net/local-network.ts';
import {
  createProtection,
  findProtectedWord,
  type ProtectedWord,
  type ProtectionView,
} from '../../service/launchd/protected-folders.ts';
import { type Check, type Finding, ok, orOk, problem, unknown, warning } from '../check.ts';
import type { Status } from '../../core/model/status.ts';
import type { DoctorContext } from '../context.ts';
import { serviceCommand } from '../service-file.ts';

export const protectedFolders: Check = {
  id: 'protected-folders',
  title: 'Protected folders',
  run(context) {
    if (context.platform !== 'darwin') return Promise.resolve([]);
    const { paths } = context;
    const place = createProtection(viewOf(context))(paths.home);
    const findings: Finding[] =
      place === null
        ? []
        : [
            problem(
              `the home ${paths.home} is in a folder that macOS protects${leads(paths.home, place)}`,
              'choose another one with --home or MCP_WATCHDOG_HOME',
            ),
          ];
    for (const { server, word, place } of protectedWords(context))
      findings.push(
        warning(
          `${server} uses ${word}${leads(word, place)}, which a service cannot read without permission: it gets EPERM, or hangs until somebody answers macOS' question, and is restarted`,
          `System Settings > Privacy & Security > Full Disk Access: add ${nodeOf(context)}; or use another folder`,
        ),
      );
    return Promise.resolve(orOk(findings, 'none in use'));
  },
};

function leads(path: string, place: string): string {
  return path === place ? '' : ` (it leads to ${place})`;
}

function viewOf({ userHome, machine }: DoctorContext): ProtectionView {
  return { userHome, realpath: (path) => machine.realpath(path) };
}

function protectedWords(context: DoctorContext): (ProtectedWord & { readonly server: string })[] {
  const { config } = context;
  const servers = config.kind === 'valid' ? config.loaded.servers : [];
  return servers.flatMap((spec) => {
    const found = findProtectedWord(spec, viewOf(context));
    return found === null ? [] : [{ server: spec.name, ...found }];
  });
}

/** First release that keeps programs from the local network. */
const LOCAL_NETWORK_SINCE = 15;

export const localNetwork: Check = {
  id: 'local-network',
  title: 'Local network',
  async run(context) {
    if (context.platform !== 'darwin') return [];
    const answer = await context.daemon();
    const kept = answer.kind === 'running' ? keptFrom(answer.status) : [];
    // What the daemon has met counts, whatever the names and the release say.
    if (kept.length > 0) return kept.map((detail) => problem(detail, LOCAL_NETWORK_CURE));
    const targets = localTargets(context);
    const release = await macosRelease(context);
    if (targets.length === 0 || (release !== null && release < LOCAL_NETWORK_SINCE)) return [];
    const names = targets.map(({ name }) => name).join(', ');
    return answer.kind === 'running'
      ? [ok(`nothing keeps the watchdog from ${names}`)]
      : [unknown(`${names} in the local network: macOS asks once whether node may`, LOCAL_NETWORK_CURE)];
  },
};

/** Lists what the daemon is kept from, as it met it: servers, channels, Prometheus and Alertmanager. */
function keptFrom({ servers, daemon }: Status): string[] {
  return [
    ...servers.map(({ name, health }) => `${name}: ${health.detail ?? ''}`),
    ...Object.entries(daemon.deafChannels).map(([channel, why]) => `${channel}: ${why}`),
    ...daemon.delivery.reasons,
  ].filter((text) => text.includes(LOCAL_NETWORK_WORDS));
}

/** Lists what the config reaches over the local network, by the name of the server or the kind of the channel. */
function localTargets({ config }: DoctorContext): { readonly name: string }[] {
  if (config.kind !== 'valid') return [];
  const { servers, config: daemon } = config.loaded;
  const urls = [
    ...servers.filter(({ enabled }) => enabled).map(({ name, url }) => ({ name, url })),
    ...daemon.alerts.notify.map((channel) => ({
      name: channel.kind,
      url: channel.kind === 'webhook' ? channel.url : null,
    })),
    { name: 'Alertmanager', url: daemon.alerts.alertmanager.url },
    { name: 'Prometheus', url: daemon.alerts.prometheus.url },
  ];
  return urls.flatMap(({ name, url }) => {
    const host = url !== null && URL.canParse(url) ? new URL(url).hostname : '';
    return isLocalNetworkHost(host) ? [{ name }] : [];
  });
}

/** Reads the major number of macOS; null when it cannot be read. */
async function macosRelease({ run }: DoctorContext): Promise<number | null> {
  const { code, stdout } = await run(['sw_vers', '-productVersion']);
  return code === 0 ? parseMacosRelease(stdout) : null;
}

/** Parses `15.2`; null for anything else. macOS 26 may call itself 16 to old programs, which changes nothing here. */
export function parseMacosRelease(text: string): number | null {
  const [, major] = /^(\d+)(?:\.\d+)*$/u.exec(text.trim()) ?? [];
  return major === undefined ? null : Number(major);
}

export const signature: Check = {
  id: 'node-signature',
  title: 'Signature of node',
  async run(context) {
    if (context.platform !== 'darwin') return [];
    const needs = [
      ...protectedWords(context).map(({ server }) => server),
      ...localTargets(context).map(({ name }) => name),
    ];
    if (needs.length === 0) return [];
    const node = context.machine.realpath(nodeOf(context)) ?? nodeOf(context);
    // It prints to stderr, and exits with 1 for what is not signed.
    const { spawnError, stderr } = await context.run(['codesign', '-dv', node]);
    if (spawnError !== null) return [unknown(`codesign does not start (${spawnError})`)];
    const kind = parseSignature(stderr);
    if (kind === 'signed') return [ok(`${node} is signed: permissions outlive its updates`)];
    if (kind === 'unknown') return [unknown(`codesign does not tell how ${node} is signed`)];
    const how = kind === 'adhoc' ? 'is signed ad hoc, as Homebrew does' : 'is not signed';
    return [
      warning(
        `${node} ${how}: macOS forgets its permissions at each update of node, and ${[...new Set(needs)].join(', ')} need one`,
        'give the permission again after each update, or use node from nodejs.org, then mcp-watchdog install --force',
      ),
    ];
  },
};

/** Parses what `codesign -dv` prints to stderr. */
export function parseSignature(text: string): 'signed' | 'adhoc' | 'none' | 'unknown' {
  if (/not signed at all/u.test(text)) return 'none';
  if (/^Signature=adhoc$/mu.test(text) || /^CodeDirectory .*\badhoc\b/mu.test(text)) return 'adhoc';
  return /^Signature size=\d+$/mu.test(text) ? 'signed' : 'unknown';
}

/** The node that the service starts; ours without a service. */
function nodeOf({ service, node }: DoctorContext): string {
  const text = service?.manager.read() ?? null;
  const [program] = text === null ? [] : (serviceCommand(service?.manager.kind ?? 'launchd', text) ?? []);
  return program ?? node.path;
}

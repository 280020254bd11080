// Check of the ways to remote urls: proxies and further certificate authorities, here and in the service.
import { CA_VARIABLES, certificatesIn } from '../../system/net/certificate-authorities.ts';
import { proxyFor, proxyName } from '../../system/net/proxy.ts';
import { messageOf } from '../../core/base/guards.ts';
import { type Check, type Finding, ok, warning } from '../check.ts';
import type { DoctorContext } from '../context.ts';

export const network: Check = {
  id: 'network',
  title: 'Proxy and certificates',
  run(context) {
    return Promise.resolve([...proxies(context), ...authorities(context), ...service(context)]);
  },
};

/** Any name outside; NO_PROXY may exempt others. */
const OUTSIDE = ['http://mcp-watchdog.invalid/', 'https://mcp-watchdog.invalid/'];

function proxies({ env }: DoctorContext): Finding[] {
  const found = OUTSIDE.map((text) => new URL(text)).map((url) => {
    try {
      const proxy = proxyFor(url, env);
      return proxy === null ? null : ok(`requests to ${url.protocol}// go through ${proxyName(proxy)}`);
    } catch (error) {
      const [message = '', cure = null] = messageOf(error).split('; ');
      return warning(message, cure);
    }
  });
  return found.filter((one) => one !== null);
}

function authorities({ env }: DoctorContext): Finding[] {
  return CA_VARIABLES.flatMap((name) => {
    const file = env[name] ?? '';
    if (file === '') return [];
    const count = certificatesIn(file)?.length ?? 0;
    if (count > 0) return [ok(`${name} adds ${count} ${count === 1 ? 'certificate' : 'certificates'}`)];
    return [
      warning(`${name} names ${file}, which holds no certificate in PEM form`, `correct or unset ${name}`),
    ];
  });
}

function service({ service: installed, paths, notInService }: DoctorContext): Finding[] {
  const isOurs = installed !== null && installed.home === paths.home;
  const missing = isOurs ? notInService() : [];
  if (missing.length === 0) return [];
  return [warning(`the service does not have ${missing.join(', ')} of this shell`, 'mcp-watchdog install')];
}

// TLS settings of a web config, as Node's secure context options.
import type { SecureContextOptions } from 'node:tls';
import type { WebTls } from '../../core/model/web-config.ts';

/** Options for `createSecureContext` and `setSecureContext`, which throw when key, certificate and ciphers do not match. */
export function secureContextOptions(tls: WebTls): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    honorCipherOrder: tls.prefersOwnOrder,
    ...(tls.clientCa === null ? {} : { ca: tls.clientCa }),
    ...(tls.ciphers === null ? {} : { ciphers: tls.ciphers }),
    ...(tls.curves === null ? {} : { ecdhCurve: tls.curves }),
  };
}

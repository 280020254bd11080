// Types of the prom-client modules that are loaded one by one: its entry point also loads a push gateway, cluster support
// and a tracing library, 7 MB that nothing here uses. A test checks that the modules are what the entry point exports.
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client';
  export = Registry;
}
declare module 'prom-client/lib/counter.js' {
  import { Counter } from 'prom-client';
  export = Counter;
}
declare module 'prom-client/lib/metrics/*.js' {
  import type { Registry } from 'prom-client';
  const register: (registry: Registry) => void;
  export = register;
}

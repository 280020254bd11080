// What the first config says, when there is none yet.
import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';

/** Where a client finds the server of the first config. */
export const EXAMPLE_URL = 'http://127.0.0.1:9640/mcp';

export function exampleConfig(): string {
  return `# What mcp-watchdog keeps alive. After a change: mcp-watchdog config validate
# Every key, with its default and its meaning: docs/configuration.md

servers:
  # A name of your choice: a-z, 0-9, dash, dot, underscore. Logs, metrics and commands use it.
  context7:
    # A package is installed from npm by the watchdog. Other ways to get a server:
    #   command: [python3, -m, my_server]      any program, as a list
    #   url: https://example.com/mcp           watched only, not started
    package: "@upstash/context7-mcp"

    # Over HTTP any number of clients can use one server. Paste the url below into your client.
    transport: http
    url: ${EXAMPLE_URL}
    args: [--transport, http, --port, "9640"]

    env:
      # Without this the server opens a second port, 9464, for metrics of its own.
      OTEL_SDK_DISABLED: "true"
      # A key raises its limits. Secrets come from the environment of the watchdog, not into this file:
      # CONTEXT7_API_KEY: \${env:CONTEXT7_API_KEY}

    # What follows are the defaults, to show what can be tuned.
    # probe:
    #   interval: 15s        # how often it is asked whether it works
    #   timeout: 5s          # how long an answer may take
    #   failures: 3          # misses in a row before it is restarted
    # limits:
    #   memory: { soft: 1GiB, hard: 2GiB }     # warn, restart

# metrics:
#   listen: 127.0.0.1:9638   # /metrics and the status page
`;
}

/** @returns false when there is a file already, which is then left alone */
export function writeFirstConfig(path: string, text: string = exampleConfig()): boolean {
  if (existsSync(path)) return false;
  writeFileAtomic(path, text, { mode: 0o600 });
  return true;
}

// Text of the first config, for a home that has none yet.
import { existsSync } from 'node:fs';
import { isDarwin } from '../../system/platform.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';

/** @param onMac names the means of macOS */
export function exampleConfig(onMac: boolean = isDarwin): string {
  const getUv = onMac ? 'brew install uv' : 'curl -LsSf https://astral.sh/uv/install.sh | sh';
  return `# Servers that mcp-watchdog keeps alive. After a change: mcp-watchdog config validate
# Every key, with its default and its meaning: docs/configuration.md

servers:
  # A name of your choice: a-z, 0-9, dash, dot, underscore. Logs, metrics and commands use it.
  context7:
    # A package is installed by the watchdog, this one from npm. One server of each other kind is at the end.
    package: "@upstash/context7-mcp"

    # Any number of clients share it, at http://127.0.0.1:9639/context7/mcp: mcp-watchdog connect context7 --print all

    env:
      # Without this the server opens a port, 9464, for metrics of its own.
      OTEL_SDK_DISABLED: "true"
      # A key raises its limits. Secrets come from the environment of the watchdog, not into this file:
      # CONTEXT7_API_KEY: \${env:CONTEXT7_API_KEY}

    # These are the defaults, to show what can be tuned.
    # probe:
    #   interval: 15s        # time between two probes
    #   timeout: 5s          # how long an answer may take
    #   failures: 3          # failures in a row before it is restarted
    # limits:
    #   memory: { soft: 1GiB, hard: 2GiB }     # warn, restart

  # One of each other kind, to be taken out of its comment:
  # time:                                      # from the Python index, with uv: ${getUv}
  #   package: "pypi:mcp-server-time"
  # github:                                    # a container: it ends with its client, and counts in the limits
  #   command: [docker, run, -i, --rm, -e, GITHUB_PERSONAL_ACCESS_TOKEN, ghcr.io/github/github-mcp-server]
  #   env: { GITHUB_PERSONAL_ACCESS_TOKEN: "\${env:GITHUB_TOKEN}" }
  # mine:                                      # any other program, as a list
  #   command: [python3, -m, my_server]
  # far:                                       # only watched, not started
  #   url: https://example.com/mcp

# metrics:
#   listen: 127.0.0.1:9638   # /metrics and the page
# gateway:
#   listen: 127.0.0.1:9639   # the servers, for clients on this machine
`;
}

/** Writes the first config. @returns false when there is a file already, which is left alone */
export function writeFirstConfig(path: string, text: string = exampleConfig()): boolean {
  if (existsSync(path)) return false;
  writeFileAtomic(path, text, { mode: 0o600 });
  return true;
}

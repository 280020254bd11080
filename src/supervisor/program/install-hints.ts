// Commands that install the programs which MCP servers are usually started with, on the system that it is.
import { isDarwin } from '../../system/platform.ts';

/** Returns the hint for a program by its name; null when it is not a usual one. @param onMac said with the means of macOS */
export function installHint(name: string, onMac: boolean = isDarwin): string | null {
  const hints = onMac ? MAC : LINUX;
  return hints.get(name) ?? EVERYWHERE.get(name) ?? null;
}

const EVERYWHERE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bun: 'Install Bun: curl -fsSL https://bun.sh/install | bash',
    bunx: 'Install Bun: curl -fsSL https://bun.sh/install | bash',
    docker: 'Install Docker: https://docs.docker.com/get-docker/',
    podman: 'Install Podman: https://podman.io/docs/installation',
    deno: 'Install Deno: curl -fsSL https://deno.land/install.sh | sh',
    pnpm: 'Install pnpm: npm install -g pnpm',
    yarn: 'Install Yarn: npm install -g yarn',
    tsx: 'Install tsx: npm install -g tsx',
    dotnet: 'Install .NET: https://dotnet.microsoft.com/download',
    go: 'Install Go: https://go.dev/dl/',
    cargo: 'Install Rust: https://rustup.rs',
  }),
);

const LINUX = hintsOf({
  uv: 'curl -LsSf https://astral.sh/uv/install.sh | sh',
  node: 'https://nodejs.org/en/download, or your distribution’s package nodejs',
  python: 'your distribution’s package, such as apt install python3',
  pipx: 'your distribution’s package, such as apt install pipx',
  java: 'your distribution’s package, such as apt install default-jre',
  ruby: 'your distribution’s package, such as apt install ruby',
  php: 'your distribution’s package, such as apt install php-cli',
});

const MAC = hintsOf({
  uv: 'brew install uv, or curl -LsSf https://astral.sh/uv/install.sh | sh',
  node: 'brew install node, or https://nodejs.org',
  python: 'brew install python',
  pipx: 'brew install pipx',
  java: 'brew install openjdk',
  ruby: 'brew install ruby',
  php: 'brew install php',
});

interface Means {
  readonly uv: string;
  readonly node: string;
  readonly python: string;
  readonly pipx: string;
  readonly java: string;
  readonly ruby: string;
  readonly php: string;
}

function hintsOf({ uv, node, python, pipx, java, ruby, php }: Means): ReadonlyMap<string, string> {
  const [forUv, forNode, forPython] = [
    `Install uv: ${uv}`,
    `Install Node.js: ${node}`,
    `Install Python 3: ${python}`,
  ];
  return new Map([
    ...['uv', 'uvx'].map((name) => [name, forUv] as const),
    ...['node', 'npm', 'npx'].map((name) => [name, forNode] as const),
    ...['python3', 'pip'].map((name) => [name, forPython] as const),
    ['python', `${forPython}; many systems have it as python3 only`],
    ['pipx', `Install pipx: ${pipx}`],
    ['java', `Install a Java runtime: ${java}`],
    ['ruby', `Install Ruby: ${ruby}`],
    ['php', `Install PHP: ${php}`],
  ]);
}

// Commands that install the programs which MCP servers are usually started with.

const UV = 'Install uv: curl -LsSf https://astral.sh/uv/install.sh | sh, or brew install uv';
const BUN = 'Install Bun: curl -fsSL https://bun.sh/install | bash';
const NODE = 'Install Node.js: https://nodejs.org, or brew install node';
const PYTHON = 'Install Python 3: apt install python3, or brew install python';

const HINTS: Readonly<Record<string, string>> = {
  uv: UV,
  uvx: UV,
  bun: BUN,
  bunx: BUN,
  node: NODE,
  npm: NODE,
  npx: NODE,
  python3: PYTHON,
  python: `${PYTHON}; many systems have it as python3 only`,
  pip: PYTHON,
  pipx: 'Install pipx: apt install pipx, or brew install pipx',
  docker: 'Install Docker: https://docs.docker.com/get-docker/',
  podman: 'Install Podman: https://podman.io/docs/installation',
  deno: 'Install Deno: curl -fsSL https://deno.land/install.sh | sh',
  pnpm: 'Install pnpm: npm install -g pnpm',
  yarn: 'Install Yarn: npm install -g yarn',
  tsx: 'Install tsx: npm install -g tsx',
  java: 'Install a Java runtime: apt install default-jre, or brew install openjdk',
  dotnet: 'Install .NET: https://dotnet.microsoft.com/download',
  go: 'Install Go: https://go.dev/dl/',
  cargo: 'Install Rust: https://rustup.rs',
  ruby: 'Install Ruby: apt install ruby, or brew install ruby',
  php: 'Install PHP: apt install php-cli, or brew install php',
};

/** Says how to install a program by its name; null when it is not a usual one. */
export function installHint(name: string): string | null {
  return Object.hasOwn(HINTS, name) ? (HINTS[name] ?? null) : null;
}

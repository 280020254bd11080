# Formula for a tap of your own, made from the tarball of `npm pack`, which holds what is built. README.md beside it says how.
class McpWatchdog < Formula
  desc "Supervisor for local MCP servers with probes over MCP, alerts and metrics"
  # Of the protocol; put the address of your repository here.
  homepage "https://modelcontextprotocol.io/"
  # No registry has this package: both lines are written by the command in README.md.
  url "file:///path/to/mcp-watchdog-0.1.0.tgz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "node"

  def install
    system "npm", "install", *std_npm_args
    bin.install_symlink Dir["#{libexec}/bin/*"]
    generate_completions_from_executable(bin/"mcp-watchdog", "completion", shells: [:bash, :zsh, :fish])
  end

  # No service block: launchd must give it 30 s to stop its servers and must not throttle them (ExitTimeOut,
  # ProcessType), and only `mcp-watchdog install` also follows the config, the home and the node in use.
  def caveats
    <<~EOS
      To start it now and at every login:
        mcp-watchdog deploy
      `brew services` does not start it. Before you uninstall the formula:
        mcp-watchdog uninstall
      After `brew upgrade` the daemon runs the old version until:
        mcp-watchdog restart
    EOS
  end

  test do
    ENV["MCP_WATCHDOG_HOME"] = testpath/"home"
    assert_match version.to_s, shell_output("#{bin}/mcp-watchdog --version")
    # 5: no daemon runs in this home.
    assert_match "none is running", shell_output("#{bin}/mcp-watchdog status 2>&1", 5)
    (testpath/"home/config.yaml").write "servers: {a: {command: [/bin/cat]}}\n"
    chmod 0700, testpath/"home"
    chmod 0600, testpath/"home/config.yaml"
    assert_match "a", shell_output("#{bin}/mcp-watchdog config show")
  end
end

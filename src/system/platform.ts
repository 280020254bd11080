// The operating system that the watchdog runs on. No other file asks for it.

/**
 * Names the system as Node does: `linux` or `darwin`. No setting changes it, so that nothing of a user's environment
 * makes a watchdog read another system's process table. To play macOS on Linux, a test starts Node with
 * `--import test/darwin/play-platform.mjs`, which replaces `process.platform` before anything is loaded.
 */
export const platform: NodeJS.Platform = process.platform;
export const isLinux: boolean = platform === 'linux';
export const isDarwin: boolean = platform === 'darwin';

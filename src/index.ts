// What a program that embeds the watchdog may import; everything else is an inside of ours.
export { WatchdogError, type ErrorCode } from './core/errors.ts';
export type { WatchdogEvent } from './core/events.ts';
export type { ServerStatus, Status } from './core/status.ts';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
export { type Paths, resolvePaths } from './system/paths.ts';

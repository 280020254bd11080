// What a program that embeds the watchdog may import; everything else is an inside of ours.
export { WatchdogError, type ErrorCode } from './core/base/errors.ts';
export type { WatchdogEvent } from './core/model/events.ts';
export type { ServerStatus, Status } from './core/model/status.ts';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
export { type Paths, resolvePaths } from './system/files/paths.ts';

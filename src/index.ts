// Public API for programs that embed the watchdog; everything else is internal.
export { WatchdogError, type ErrorCode } from './core/base/errors.ts';
export type { WatchdogEvent } from './core/model/events.ts';
export type { ServerStatus, Status } from './core/model/status.ts';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
export { type Paths, resolvePaths } from './system/files/paths.ts';

// `update [names…] [--check] [--to V] [--dry-run] [--wait]`: brings servers to a newer version.
import { WatchdogError } from '../core/errors.ts';

export function run(): never {
  throw new WatchdogError('CONTROL_FAILED', 'Cannot update yet');
}

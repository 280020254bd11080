// `rollback [names…] [--dry-run]`: brings servers back to the version that ran before.
import { WatchdogError } from '../core/errors.ts';

export function run(): never {
  throw new WatchdogError('CONTROL_FAILED', 'Cannot roll back yet');
}

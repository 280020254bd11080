// What a status says of versions: nothing yet, and whatever a test says instead.
import {
  NO_UPDATES,
  type UpdateCheck,
  type UpdateAnswer,
  type UpdateMemory,
  type UpdateProgress,
  type UpdateStatus,
} from '../../src/core/model/update.ts';
import { MINUTE, NOW } from './status.ts';

export function outlookOf(change: Partial<UpdateCheck> = {}): UpdateCheck {
  return {
    server: 'context7',
    package: '@upstash/context7-mcp',
    running: '4.0.7',
    latest: '4.1.1',
    candidate: '4.1.1',
    held: [],
    error: null,
    ...change,
  };
}

export function progressOf(change: Partial<UpdateProgress> = {}): UpdateProgress {
  return {
    phase: 'installing',
    from: '4.0.7',
    to: '4.1.1',
    by: 'operator',
    since: NOW - MINUTE,
    until: null,
    detail: null,
    ...change,
  };
}

export function memoryOf(change: Partial<UpdateMemory> = {}): UpdateMemory {
  return { ...NO_UPDATES, ...change };
}

export const COMMITTED: NonNullable<UpdateMemory['last']> = {
  at: NOW - 3 * MINUTE,
  from: '4.0.7',
  to: '4.1.1',
  result: 'committed',
  reason: null,
};

export const ROLLED_BACK: NonNullable<UpdateMemory['last']> = {
  ...COMMITTED,
  result: 'rolled_back',
  reason: 'it ended: exited with code 1',
};

export function updateOf(change: Partial<UpdateStatus> = {}): UpdateStatus {
  return { checkedAt: null, outlook: null, progress: null, memory: NO_UPDATES, ...change };
}

export function answerOf(change: Partial<UpdateAnswer> = {}): UpdateAnswer {
  return {
    server: 'context7',
    answer: 'begun',
    from: '4.0.7',
    to: '4.1.1',
    reason: null,
    hint: null,
    steps: [],
    ...change,
  };
}

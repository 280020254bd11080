// Habits of one server that its probes have to respect, known beyond the life of one process.
import { NO_GROWTH, markProcesses, mustRest, type GrowthState } from '../core/lifecycle/process-growth.ts';

/** Whether others get a session beside ours; `single` when not. */
export type SessionHabit = 'unknown' | 'many' | 'single';

export class ProbeHabits {
  sessions: SessionHabit = 'unknown';
  #growth: GrowthState = NO_GROWTH;
  /** Processes in a sample that no mark has used yet; null when there is none. */
  #sampled: number | null = null;

  /** Takes in a usage sample. */
  noteSample(processes: number): void {
    this.#sampled = processes;
  }

  /** Marks the begin of a probe round, and returns what is known of growth then. */
  beginRound(): GrowthState {
    if (this.#sampled !== null) this.#growth = markProcesses(this.#growth, this.#sampled);
    this.#sampled = null;
    return this.#growth;
  }

  /** A new process begins small again; what was found out stays. */
  beginProcess(): void {
    this.#sampled = null;
    if (this.#growth.phase !== 'caused') this.#growth = NO_GROWTH;
  }

  get mustRest(): boolean {
    return mustRest(this.#growth);
  }
}

// Reading of what an engine says its containers use: `docker stats`, `podman stats`.

/** What one container uses now. */
export interface ContainerReading {
  /** As much of the id as the engine prints. */
  readonly id: string;
  /** Cores, where 1 is one core in full. */
  readonly cores: number;
  readonly bytes: number;
  readonly processes: number;
}

/** For `--format`: both engines know these fields. */
export const STATS_FORMAT = '{{.ID}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.PIDs}}';

/** Reads what `stats --no-stream --format` printed; a line that is none, as of a container that has just ended, is left out. */
export function parseContainerStats(text: string): ContainerReading[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', cpu = '', memory = '', pids = ''] = line.split('\t').map((part) => part.trim());
    const percent = /^(\d+(?:\.\d+)?)\s*%$/u.exec(cpu)?.[1];
    const bytes = bytesOf(memory.split('/')[0] ?? '');
    if (!/^[\da-f]{12,64}$/u.test(id) || percent === undefined || bytes === null) return [];
    return [{ id, cores: Number(percent) / 100, bytes, processes: /^\d+$/u.test(pids) ? Number(pids) : 1 }];
  });
}

/** Docker counts in KiB and MiB, podman in kB and MB. */
const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

function bytesOf(text: string): number | null {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/iu.exec(text.trim()) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return amount === undefined || factor === undefined ? null : Math.round(Number(amount) * factor);
}

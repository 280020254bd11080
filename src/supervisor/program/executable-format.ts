// Recognition of programs that are made for another machine, by the first bytes of the file.

interface MachineKind {
  readonly platform: NodeJS.Platform;
  /** As in `process.arch`. */
  readonly arch: string;
}

/** `e_machine` of ELF, by `process.arch`. elf(5) */
const ELF_MACHINES: ReadonlyMap<number, string> = new Map([
  [0x03, 'ia32'],
  [0x28, 'arm'],
  [0x3e, 'x64'],
  [0xb7, 'arm64'],
  [0xf3, 'riscv64'],
  [0x15, 'ppc64'],
  [0x16, 's390x'],
]);

/** `cputype` of Mach-O. mach/machine.h */
const MACHO_MACHINES: ReadonlyMap<number, string> = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64'],
]);

/** What a processor runs beside its own programs: 32-bit ones, and on macOS those of Intel through Rosetta. */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = {
  'linux x64': ['ia32'],
  'linux arm64': ['arm'],
  'darwin arm64': ['x64'],
};

/** Describes the machine that a program is made for: `a Linux program for arm64`; null when this one runs it, or it is unknown. */
export function foreignFormat(start: Buffer, { platform, arch }: MachineKind): string | null {
  const found = formatOf(start);
  if (found === null || (found.platform === platform && runs({ platform, arch }, found.arch))) return null;
  const { system } = found;
  return found.arch === null ? `a program for ${system}` : `a program for ${system} on ${found.arch}`;
}

function runs(machine: MachineKind, arch: string | null): boolean {
  const also = ALSO_RUNS[`${machine.platform} ${machine.arch}`] ?? [];
  return arch === null || arch === machine.arch || also.includes(arch);
}

interface Format {
  readonly platform: NodeJS.Platform;
  readonly system: string;
  /** Null when it is unknown, or one file for several. */
  readonly arch: string | null;
}

function formatOf(start: Buffer): Format | null {
  if (start.length < 20) return null;
  const magic = start.readUInt32BE(0);
  if (magic === 0x7f454c46) {
    const isLittle = start[5] === 1;
    const machine = isLittle ? start.readUInt16LE(18) : start.readUInt16BE(18);
    return { platform: 'linux', system: 'Linux', arch: ELF_MACHINES.get(machine) ?? null };
  }
  if (magic === 0xcffaedfe)
    return { platform: 'darwin', system: 'macOS', arch: MACHO_MACHINES.get(start.readUInt32LE(4)) ?? null };
  // Of several processors: 0xcafebabe begins a Java class too, which has no small number of parts.
  if (magic === 0xcafebabe && start.readUInt32BE(4) < 20)
    return { platform: 'darwin', system: 'macOS', arch: null };
  return start.toString('latin1', 0, 2) === 'MZ'
    ? { platform: 'win32', system: 'Windows', arch: null }
    : null;
}

/** Reads the path of the loader that an ELF program names, PT_INTERP in elf(5); null for a static one and other formats. */
export function loaderOf(start: Buffer): string | null {
  if (start.length < 64 || start.readUInt32BE(0) !== 0x7f454c46 || start[5] !== 1) return null;
  const is64 = start[4] === 2;
  const word = (at: number): number => (is64 ? Number(start.readBigUInt64LE(at)) : start.readUInt32LE(at));
  const [table, size, count] = is64
    ? [word(32), start.readUInt16LE(54), start.readUInt16LE(56)]
    : [word(28), start.readUInt16LE(42), start.readUInt16LE(44)];
  for (let at = table; at + size <= start.length && at < table + size * count; at += size) {
    if (start.readUInt32LE(at) !== PT_INTERP || size < (is64 ? 56 : 32)) continue;
    const offset = word(at + (is64 ? 8 : 4));
    const path = start.toString('latin1', offset, offset + word(at + (is64 ? 32 : 16))).replace(/\0.*$/s, '');
    return path.startsWith('/') ? path : null;
  }
  return null;
}

const PT_INTERP = 3;

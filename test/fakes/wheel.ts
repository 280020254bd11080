// Python wheels made by hand: a zip of stored files, without any tool of Python.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface WheelPlan {
  readonly name: string;
  readonly version: string;
  /** Lines of `Requires-Dist`. */
  readonly requires?: readonly string[];
  readonly requiresPython?: string;
  /** Console scripts: `module:function` by name. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** More files of the wheel, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** What METADATA says in place of name and version. */
  readonly says?: { readonly name?: string; readonly version?: string };
  readonly tag?: string;
}

export interface Wheel {
  readonly file: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Builds a wheel: a module with the name of the package, and its scripts. */
export function buildWheel(plan: WheelPlan): Wheel {
  const module = plan.name.replaceAll(/[-_.]+/g, '_').toLowerCase();
  const info = `${module}-${plan.version}.dist-info`;
  const tag = plan.tag ?? 'py3-none-any';
  const scripts = Object.entries(plan.scripts ?? {}).map(([name, target]) => `${name} = ${target}`);
  const files = new Map<string, string>([
    [
      `${module}/__init__.py`,
      `VERSION = "${plan.version}"\n\ndef main():\n    print("${plan.name} " + VERSION)\n`,
    ],
    ...Object.entries(plan.files ?? {}),
    [`${info}/METADATA`, metadataOf(plan)],
    [`${info}/WHEEL`, `Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: ${tag}\n`],
    ...(scripts.length === 0
      ? []
      : [[`${info}/entry_points.txt`, `[console_scripts]\n${scripts.join('\n')}\n`] as const]),
  ]);
  const record = [...files].map(
    ([path, text]) => `${path},sha256=${urlHash(text)},${Buffer.byteLength(text)}`,
  );
  files.set(`${info}/RECORD`, [...record, `${info}/RECORD,,`, ''].join('\n'));
  const bytes = zip(files);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file: `${module}-${plan.version}-${tag}.whl`, bytes, sha256 };
}

function metadataOf({ name, version, requires = [], requiresPython, says = {} }: WheelPlan): string {
  return [
    'Metadata-Version: 2.1',
    `Name: ${says.name ?? name}`,
    `Version: ${says.version ?? version}`,
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...requires.map((each) => `Requires-Dist: ${each}`),
    '',
  ].join('\n');
}

function urlHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Writes files one after another, uncompressed. */
function zip(files: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of files) {
    const name = Buffer.from(path);
    const data = Buffer.from(text);
    // Version, flags, method, time, date; then checksum and both sizes.
    const common = Buffer.alloc(22);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16LE(name.length, 0);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, lengths, name, data]);
    const rest = Buffer.alloc(14);
    // A regular file, 0644.
    rest.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([
        Buffer.from('PK\x01\x02\x14\x03', 'latin1'),
        common,
        lengths,
        rest.subarray(0, 14),
        name,
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

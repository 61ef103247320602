/**
 * Reads from a 64-bit little-endian ELF file what its loader would need: the loader's own path and the names of the
 * shared libraries (System V ABI, chapters "Program Header" and "Dynamic Section").
 * It stands in for ldd, which cannot read a program of a foreign architecture. Never touches the disk.
 */
export interface ElfNeeds {
  /** The path of the loader (PT_INTERP); absent in a shared library and in a static program. */
  readonly interpreter?: string;
  /** The names of the shared libraries (DT_NEEDED), as the linker recorded them: `libc.so.6`. */
  readonly libraries: readonly string[];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DYNAMIC_ENTRY_BYTES = 16;
/** Magic, then EI_CLASS = 64 bit and EI_DATA = little-endian: every platform that we build for. */
const IDENT = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);

/** Throws where the bytes are not such an ELF file. */
export function elfNeeds(bytes: Uint8Array): ElfNeeds {
  const elf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!elf.subarray(0, IDENT.length).equals(IDENT)) throw new Error("not a 64-bit little-endian ELF file");
  const all = segments(elf);
  const interp = all.find((segment) => segment.type === PT_INTERP);
  const dynamic = all.find((segment) => segment.type === PT_DYNAMIC);
  const libraries = dynamic === undefined ? [] : neededNames(elf, dynamic, all);
  return interp === undefined ? { libraries } : { interpreter: text(elf, interp.offset), libraries };
}

function segments(elf: Buffer): Segment[] {
  const [start, width, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * width;
    const word = (offset: number) => Number(elf.readBigUInt64LE(at + offset));
    return { type: elf.readUInt32LE(at), offset: word(8), address: word(16), size: word(32) };
  });
}

function neededNames(elf: Buffer, dynamic: Segment, all: readonly Segment[]): string[] {
  const names: number[] = [];
  let strings: number | undefined;
  const end = dynamic.offset + dynamic.size;
  for (let at = dynamic.offset; at + DYNAMIC_ENTRY_BYTES <= end; at += DYNAMIC_ENTRY_BYTES) {
    const [tag, value] = [Number(elf.readBigInt64LE(at)), Number(elf.readBigUInt64LE(at + 8))];
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) names.push(value);
    if (tag === DT_STRTAB) strings = fileOffset(value, all);
  }
  const table = strings;
  if (table === undefined) throw new Error("the dynamic section names no string table");
  return names.map((offset) => text(elf, table + offset));
}

/** The dynamic section speaks of addresses in memory; a PT_LOAD segment says where in the file they come from. */
function fileOffset(address: number, all: readonly Segment[]): number | undefined {
  const holder = all.find(
    (segment) => segment.type === PT_LOAD && address >= segment.address && address < segment.address + segment.size,
  );
  return holder === undefined ? undefined : address - holder.address + holder.offset;
}

function text(elf: Buffer, start: number): string {
  return elf.toString("latin1", start, elf.indexOf(0, start));
}

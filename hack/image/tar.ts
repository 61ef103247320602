/**
 * The tar format (POSIX.1-2017, pax: ustar headers, with an extended header where a name does not fit).
 * Owns the bytes of headers and padding. Reproducible by construction: the owner is 0:0 and the time is the epoch.
 * Never touches the disk and never decides what goes into an archive or in which order.
 */
export type TarEntry =
  | { readonly type: "file"; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: "directory"; readonly path: string; readonly mode: number }
  | { readonly type: "symlink"; readonly path: string; readonly target: string };

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** A ustar size field holds eleven octal digits. */
const MAX_FILE_BYTES = 8 ** 11 - 1;

const TYPE_FLAGS = { file: "0", symlink: "2", directory: "5", pax: "x" } as const;

interface Header {
  readonly name: string;
  readonly prefix: string;
  readonly linkName: string;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
}

/**
 * The archive of `entries`, in their order, as chunks; file contents are passed through uncopied.
 * Paths are relative, without a leading or trailing slash. Throws a RangeError for a path that leaves the archive's
 * root or a file of 8 GiB and more.
 */
export function* tarChunks(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) yield* entryChunks(entry);
  // POSIX: an archive ends with two blocks of zeros.
  yield new Uint8Array(2 * BLOCK_BYTES);
}

function* entryChunks(entry: TarEntry): Generator<Uint8Array> {
  assertInside(entry.path);
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const linkName = entry.type === "symlink" ? entry.target : "";
  const content = entry.type === "file" ? entry.content : new Uint8Array();
  if (content.length > MAX_FILE_BYTES) throw new RangeError(`${entry.path}: a file of 8 GiB or more`);

  const split = splitName(path);
  const records: [string, string][] = [];
  if (split === undefined) records.push(["path", path]);
  if (!fits(linkName, NAME_BYTES)) records.push(["linkpath", linkName]);
  if (records.length > 0) yield* paxChunks(records);

  const mode = entry.type === "symlink" ? 0o777 : entry.mode;
  yield header({
    // A reader that knows pax takes both names from the records; any other gets what fits.
    ...(split ?? { name: clip(path), prefix: "" }),
    linkName: clip(linkName),
    mode,
    size: content.length,
    flag: TYPE_FLAGS[entry.type],
  });
  yield* padded(content);
}

function assertInside(path: string): void {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || path.includes("\0")) {
    throw new RangeError(`not a path inside an archive: ${JSON.stringify(path)}`);
  }
}

/** How ustar stores a path: whole in `name`, or cut at a slash into `prefix` and `name`. Undefined where neither fits. */
function splitName(path: string): { name: string; prefix: string } | undefined {
  if (fits(path, NAME_BYTES)) return { name: path, prefix: "" };
  for (let cut = path.indexOf("/"); cut > 0; cut = path.indexOf("/", cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
    if (name !== "" && fits(prefix, PREFIX_BYTES) && fits(name, NAME_BYTES)) return { name, prefix };
  }
  return undefined;
}

/** ustar names are ASCII; pax records alone are defined to be UTF-8. */
function fits(text: string, maxBytes: number): boolean {
  return text.length <= maxBytes && /^[\x20-\x7e]*$/.test(text);
}

function clip(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "_").slice(0, NAME_BYTES);
}

function* paxChunks(records: readonly [string, string][]): Generator<Uint8Array> {
  const content = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
  yield header({ name: "pax", prefix: "", linkName: "", mode: 0o644, size: content.length, flag: TYPE_FLAGS.pax });
  yield* padded(content);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record, its own digits too. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function* padded(content: Uint8Array): Generator<Uint8Array> {
  if (content.length > 0) yield content;
  const over = content.length % BLOCK_BYTES;
  if (over > 0) yield new Uint8Array(BLOCK_BYTES - over);
}

/** One header block; offsets and widths are those of `ustar` in POSIX.1-2017, "ustar Interchange Format". */
function header(fields: Header): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  block.write(fields.name, 0, NAME_BYTES, "latin1");
  block.write(octal(fields.mode, 8), 100);
  block.write(octal(0, 8), 108); // uid
  block.write(octal(0, 8), 116); // gid
  block.write(octal(fields.size, 12), 124);
  block.write(octal(0, 12), 136); // mtime
  block.write(" ".repeat(8), 148); // the checksum is computed with its own field blank
  block.write(fields.flag, 156);
  block.write(fields.linkName, 157, NAME_BYTES, "latin1");
  block.write("ustar\x0000", 257);
  block.write(fields.prefix, 345, PREFIX_BYTES, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

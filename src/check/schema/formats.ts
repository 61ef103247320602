/** The `format`s of a schema that the API server checks, as far as Gateway API and our own kinds use them. Pure. */
import { ipFamily } from "../../net/ip-address.ts";

const INT32 = { least: -(2 ** 31), most: 2 ** 31 - 1 };
/** RFC 3339. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

const FORMATS: Readonly<Record<string, { readonly name: string; readonly fits: (value: unknown) => boolean }>> = {
  int32: {
    name: "a 32-bit integer",
    fits: (value) => typeof value !== "number" || (value >= INT32.least && value <= INT32.most),
  },
  // JSON numbers that are larger lose digits before anybody could count them.
  int64: { name: "a 64-bit integer", fits: () => true },
  ipv4: { name: "an IPv4 address", fits: (value) => typeof value !== "string" || ipFamily(value) === 4 },
  ipv6: { name: "an IPv6 address", fits: (value) => typeof value !== "string" || ipFamily(value) === 6 },
  cidr: { name: "a CIDR, such as 192.0.2.0/24", fits: (value) => typeof value !== "string" || isCidr(value) },
  "date-time": {
    name: "a time, such as 2026-01-31T12:00:00Z",
    fits: (value) => typeof value !== "string" || (DATE_TIME.test(value) && !Number.isNaN(Date.parse(value))),
  },
};

/** As Go's net.ParseCIDR. */
function isCidr(text: string): boolean {
  const [, address = "", bits = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const family = ipFamily(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

/** What the value should be; undefined when it is. @throws Error for a format that nobody has written down here. */
export function formatProblem(format: string, value: unknown): string | undefined {
  const found = FORMATS[format];
  if (found === undefined) throw new Error(`the schema has a format that is not known here: ${format}`);
  return found.fits(value) ? undefined : `must be ${found.name}`;
}

/**
 * Held and Report as a proxy sends them, decoded within limits. A proxy may be anyone who makes Pods in its namespace, so that the size
 * of a message and the number of its parts are limited before it is decoded. Pure.
 */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type Held, HeldSchema, type Report, ReportSchema } from "../generated/control_pb.ts";
import type { Decoded } from "./decoded.ts";

/** The largest message that a proxy may send, in bytes: a Held is near 64 KiB, a Report of 5,000 listeners some 500 KiB. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** Maximum number of fields of a Held or Report, counted at their top level, where the repeated ones are. */
const MAX_FIELDS = 16_384;

/** Fields that a later version of the contract adds are dropped, not kept beside the message. */
const OPTIONS = { readUnknownFields: false };

export function decodeHeld(bytes: Uint8Array): Decoded<Held> {
  return decode(HeldSchema, bytes);
}

export function decodeReport(bytes: Uint8Array): Decoded<Report> {
  return decode(ReportSchema, bytes);
}

function decode<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): Decoded<MessageShape<Desc>> {
  try {
    if (hasMoreFields(bytes, MAX_FIELDS)) {
      return { ok: false, problem: `a ${schema.name} has more than ${MAX_FIELDS} fields` };
    }
    return { ok: true, value: fromBinary(schema, bytes, OPTIONS) };
  } catch (error) {
    return { ok: false, problem: `a ${schema.name} cannot be decoded: ${String(error)}` };
  }
}

/** Throws where the bytes are not fields. */
function hasMoreFields(bytes: Uint8Array, most: number): boolean {
  const reader = new BinaryReader(bytes);
  for (let count = 0; reader.pos < reader.len; count++) {
    if (count === most) return true;
    const [number, type] = reader.tag();
    reader.skip(type, number);
  }
  return false;
}

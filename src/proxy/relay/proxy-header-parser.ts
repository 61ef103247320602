/**
 * Finds the PROXY header that a client's connection begins with, in bytes as they come.
 *
 * The connection decides what a header means, and whether it may be missing.
 */
import { type HeaderReading, readProxyHeader } from "../proxy-protocol/read.ts";
import type { BeginningParser, BeginningRefusal } from "./beginning.ts";

export type HeaderResult = Extract<HeaderReading, { state: "header" | "absent" }> | BeginningRefusal;

export const PROXY_HEADER_PARSER: BeginningParser<HeaderResult> = {
  read: (bytes, length) => {
    const reading = readProxyHeader(bytes.subarray(0, length));
    if (reading.state !== "refused") return reading;
    return { state: "refused", reason: "malformed_proxy_header", detail: reading.detail };
  },
};

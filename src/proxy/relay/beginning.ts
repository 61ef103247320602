/**
 * What a client's connection is to begin with, and who finds it in the bytes. Types alone.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";

export interface NeedMore {
  readonly state: "need_more";
}

export interface BeginningRefusal {
  readonly state: "refused";
  readonly reason: ConnectionReason;
  readonly detail: string;
}

/** Finds a beginning in a client's bytes, of a ClientHello or a request. An answer other than `need_more` is final. */
export interface BeginningParser<T> {
  push(bytes: Buffer): T | NeedMore;
}

/** What was found, or that it will never be. */
export type Beginning<T> = Exclude<T, NeedMore> | BeginningRefusal;

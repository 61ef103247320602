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

/**
 * Finds a ClientHello, a request or a PROXY header in a client's first bytes. Does not keep the bytes: the caller holds them once, to
 * forward them.
 */
export interface BeginningParser<T> {
  /**
   * Reads the first `length` of `bytes`, which are all received bytes: the bytes of the previous call, and more. A result other than
   * `need_more` is final.
   */
  read(bytes: Uint8Array, length: number): T | NeedMore;
}

/** What was found, or that it will never be. */
export type Beginning<T> = Exclude<T, NeedMore> | BeginningRefusal;

/**
 * Linux' error numbers as this engine names them: those it decides by, and the name of any other for a log line.
 *
 * The numbers are those of asm-generic/errno.h, which x86-64 and arm64 share. It calls nothing.
 */
import { getSystemErrorMessage, getSystemErrorName } from "node:util";

export const EPERM = 1;
export const EINTR = 4;
export const EAGAIN = 11;
export const EACCES = 13;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EINPROGRESS = 115;

/** `ECONNRESET` for 104; `Unknown system error -n` for what nobody has named. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}

/** `EADDRINUSE: address already in use`. */
export function errnoSentence(errno: number): string {
  return `${errnoName(errno)}: ${getSystemErrorMessage(-errno)}`;
}

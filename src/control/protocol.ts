/** What both ends of the stream must agree on besides the contract. */

/** Raised when an older peer could misread the newer one; see the rules of change in control.proto. */
export const PROTOCOL_VERSION = 1;

/** How often, at most, a report passes that answers nothing, on both ends. An answer passes at once. */
export const REPORT_INTERVAL_MS = 200;

/**
 * One direction of a relayed connection: what is known about it between two events. Plain state; mover.ts moves its bytes.
 */
import type { Pipe } from "./pipes.ts";

export class Flow {
  readonly from: number;
  readonly to: number;
  /** Read from `from`. */
  bytes = 0;
  /** Reading may give something: edge-triggered, so it holds until a read has said otherwise. */
  readable = false;
  /** `from` has ended or failed, or has sent urgent data: a short read does not mean an empty socket. See `READS_STOP_SHORT`. */
  readsStopShort = false;
  /** `to` takes no more now; an event will tell when it does, if `watchesWriting`. */
  blocked = false;
  /** Has `to` been registered for writing? */
  watchesWriting = false;
  /** The end of `from` has been read. */
  ended = false;
  /** … and told to `to`, after all bytes. */
  passedOn = false;
  /** Read by copying and not yet written. */
  pending: Uint8Array | undefined;
  /** A read has filled the buffer: more is likely to come, so it is spliced. */
  isLong = false;
  pipe: Pipe | undefined;
  /** Bytes in `pipe`. */
  inPipe = 0;

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  /** Reports whether bytes were read that `to` has not accepted. */
  get holdsBytes(): boolean {
    return this.pending !== undefined || this.inPipe > 0;
  }
}

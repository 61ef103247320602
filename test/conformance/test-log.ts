/**
 * Reads what `go test -v` prints while tests run side by side. Owns who said a line, so that of a run with some 28,000
 * lines one sees the outcomes, and of a test that failed all it said. Never judges: the exit status does.
 */

/** What a line announces: whose lines follow, or how a test ended. */
const SPEAKER = /^=== (?:RUN|CONT|NAME)\s+(\S+)/;
const OUTCOME = /^\s*--- (PASS|FAIL|SKIP): (\S+) \((\S+)\)/;

export class TestLog {
  readonly #lines = new Map<string, string[]>();
  readonly #counts = { PASS: 0, FAIL: 0, SKIP: 0 };
  readonly #show: (line: string) => void;
  #speaker = "";

  constructor(show: (line: string) => void) {
    this.#show = show;
  }

  /** Counts of the suite's tests, without the parts that a test has. */
  get counts(): Readonly<Record<"PASS" | "FAIL" | "SKIP", number>> {
    return this.#counts;
  }

  line(text: string): void {
    const speaker = SPEAKER.exec(text)?.[1];
    if (speaker !== undefined) this.#speaker = speaker;
    const [, outcome, name] = OUTCOME.exec(text) ?? [];
    if (outcome !== undefined && name !== undefined) this.#end(outcome as "PASS" | "FAIL" | "SKIP", name, text.trim());
    else if (speaker === undefined) this.#keep(text);
  }

  #keep(text: string): void {
    // `TestConformance/Test/part` is a part of `TestConformance/Test`.
    const test = this.#speaker.split("/").slice(0, 2).join("/");
    const lines = this.#lines.get(test) ?? [];
    lines.push(text);
    this.#lines.set(test, lines);
  }

  #end(outcome: "PASS" | "FAIL" | "SKIP", name: string, text: string): void {
    const depth = name.split("/").length;
    if (depth > 2) {
      this.#keep(text);
      return;
    }
    if (depth === 2) this.#counts[outcome] += 1;
    if (outcome !== "SKIP") this.#show(text);
    if (outcome === "FAIL") for (const line of this.#lines.get(name) ?? []) this.#show(`    ${line}`);
    this.#lines.delete(name);
  }
}

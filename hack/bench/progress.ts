/** The lines by which a long run says how far it is: on standard error, each with the seconds since the beginning. Judges nothing. */

export function progressLines(): (what: string) => void {
  const startedAtMs = performance.now();
  return (what) => console.error(`${((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(5)} s  ${what}`);
}

/** The engines by name, apart from the engines, so that a command line can name them without loading them. */

/** `auto`: linux where it can run, else portable, and the log says why. */
export const ENGINE_CHOICES = ["auto", "portable", "linux"] as const;

export type EngineChoice = (typeof ENGINE_CHOICES)[number];

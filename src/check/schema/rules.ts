/**
 * CEL rules of a schema (`x-kubernetes-validations`), asked about every value that they stand at. Rules about a change (`oldSelf`)
 * are not asked, since a file has no "before"; any other rule that cannot be compiled is a defect, and thrown.
 * The API server also bounds what a rule may cost; such bounds are not counted here.
 */
import { type CelEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { kubernetesEnvironment } from "./cel-environment.ts";
import { celValue } from "./cel-values.ts";
import type { CelRule, Path, Schema, Violation } from "./definitions.ts";
import { isRecord } from "./values.ts";

type Program = ReturnType<typeof plan>;

export class Rules {
  readonly #environment: CelEnv = kubernetesEnvironment();
  readonly #programs = new Map<string, Program>();

  /** `value` has no violation that blocks rules: see structural.ts. */
  violations(schema: Schema, value: unknown, path: Path = []): readonly Violation[] {
    if (value === undefined || value === null) return [];
    const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) => this.#ask(rule, schema, value, path));
    return [...own, ...this.#members(schema, value, path)];
  }

  /** @throws Error when the rule cannot be compiled. */
  compile(rule: string): Program {
    const known = this.#programs.get(rule);
    if (known !== undefined) return known;
    try {
      const program = plan(this.#environment, parse(rule));
      this.#programs.set(rule, program);
      return program;
    } catch (cause) {
      throw new Error(`a CEL rule of the definitions cannot be compiled here: ${rule}`, { cause });
    }
  }

  #ask({ rule, message }: CelRule, schema: Schema, value: unknown, path: Path): readonly Violation[] {
    if (isTransition(rule)) return [];
    const result = this.compile(rule)({ self: celValue(schema, value) });
    if (result === true) return [];
    // The API server rejects the object too if a rule cannot be evaluated, as where a field that it reads is missing. The rule's message
    // states what is needed in both cases.
    if (isCelError(result) && message === undefined) {
      return [{ path, message: `the rule ${rule} cannot be answered: ${result.message}` }];
    }
    return [{ path, message: message ?? `breaks the rule ${rule}` }];
  }

  #members({ items, properties = {}, additionalProperties }: Schema, value: unknown, path: Path): readonly Violation[] {
    if (Array.isArray(value)) {
      return items === undefined ? [] : value.flatMap((item, i) => this.violations(items, item, [...path, i]));
    }
    if (!isRecord(value)) return [];
    const others = typeof additionalProperties === "object" ? additionalProperties : undefined;
    return Object.entries(value).flatMap(([name, member]) => {
      const known = (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? others;
      return known === undefined ? [] : this.violations(known, member, [...path, name]);
    });
  }
}

/** Texts in the rule do not count: a message may speak of oldSelf. */
export function isTransition(rule: string): boolean {
  return /\boldSelf\b/.test(rule.replaceAll(/'[^']*'|"[^"]*"/g, "''"));
}

/** A plan as `assert.deepEqual` can compare it: which leaves a persistent map shares with another is private, and says nothing. */
import type { Plan } from "../../model/plan.ts";

export function comparable({ gateways, statuses, released }: Plan) {
  const plain = [...gateways].map(([key, { config, ...rest }]) => {
    return [key, { ...rest, revision: config.revision, resources: new Map(config.resources) }] as const;
  });
  return { gateways: new Map(plain), statuses, released };
}

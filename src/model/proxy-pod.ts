/** What is fixed in the Pod of a proxy: names by which the operator and the proxy find each other. Constants, no logic. */
import { APP_LABEL, GATEWAY_NAME_LABEL } from "./identity.ts";

export const PROXY_CONTAINER = "proxy";
export const POD_NAME_VARIABLE = "POD_NAME";
/** Environment variable with the address of the Pod's node, at which node ports lead to the proxy. */
export const NODE_ADDRESS_VARIABLE = "NODE_ADDRESS";

/** The operator's CA certificates and the token for the configuration stream. */
export const CA_VOLUME = "ca";
export const CA_DIRECTORY = "/etc/fsm-gateway/ca";
export const TOKEN_VOLUME = "token";
export const TOKEN_DIRECTORY = "/var/run/secrets/fsm-gateway";

/** Labels by which Services, policies and budgets select the Pods. */
export const POD_SELECTOR_LABELS: readonly string[] = [APP_LABEL, GATEWAY_NAME_LABEL];

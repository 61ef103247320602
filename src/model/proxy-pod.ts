/** Constants of a proxy's Pod: names that the operator and the proxy share. */
import { APP_LABEL, GATEWAY_NAME_LABEL } from "./identity.ts";

export const PROXY_CONTAINER = "proxy";
export const POD_NAME_VARIABLE = "POD_NAME";
/** Environment variable with the address of the Pod's node, whose node ports lead to the proxy. */
export const NODE_ADDRESS_VARIABLE = "NODE_ADDRESS";

/** The operator's CA certificates and the token for the configuration stream. */
export const CA_VOLUME = "ca";
export const CA_DIRECTORY = "/etc/fsm-gateway/ca";
export const TOKEN_VOLUME = "token";
export const TOKEN_DIRECTORY = "/var/run/secrets/fsm-gateway";

/** Labels by which Services, policies and budgets select the Pods. */
export const POD_SELECTOR_LABELS: readonly string[] = [APP_LABEL, GATEWAY_NAME_LABEL];

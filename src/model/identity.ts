/**
 * What this program is called in a cluster: the names, labels and ports by which its parts find each other and users find
 * them. One place, because a label or port that two rooms spell differently fails only at run time. Constants, no logic.
 */

/** `spec.controllerName` of the GatewayClasses that are ours (GEP-922: a domain-prefixed path). Immutable in a cluster. */
export const CONTROLLER_NAME = "gateway.fsm.dev/controller";

/** Distinguishes one installation of the operator from another in the same cluster. */
export interface Installation {
  /** `spec.controllerName` of its GatewayClasses. */
  readonly controllerName: string;
  /** Name of its Service, Lease, webhook configuration, field manager and Pepr stores. The name of its Secret is derived from it. */
  readonly name: string;
}

/** The GatewayClass that the manifest installs. */
export const GATEWAY_CLASS_NAME = "fsm";

/** `fieldManager` of all applied and written objects, unless the installation has another name. */
export const FIELD_MANAGER = "fsm-gateway";

/** Labels of everything provisioned for a Gateway; users select on the first, GEP-1762 asks for the second. */
export const APP_LABEL = "app";
export const APP_LABEL_VALUE = "fsm-gateway";
export const GATEWAY_NAME_LABEL = "gateway.networking.k8s.io/gateway-name";
export const GATEWAY_CLASS_NAME_LABEL = "gateway.networking.k8s.io/gateway-class-name";
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";

/** Annotation of a Gateway's Deployment: hash of the applied Pod template. A different hash means a rollout. */
export const POD_TEMPLATE_HASH_ANNOTATION = "gateway.fsm.dev/pod-template-hash";

/** Where the operator lives, unless its own environment says otherwise (POD_NAMESPACE). */
export const OPERATOR_NAMESPACE = "fsm-gateway-system";

/** Name of the operator's ServiceAccount, Deployment, disruption budget and the stream's Service, unless the installation has another. */
export const OPERATOR_NAME = "fsm-gateway";

export const DEFAULT_INSTALLATION: Installation = { controllerName: CONTROLLER_NAME, name: OPERATOR_NAME };

/** Suffix of the installation's name: the Service through which the API server calls admission. */
export const ADMISSION_SERVICE_SUFFIX = "-admission";

/** Label and value of the operator's pods that respond to reviews. The admission Service selects by it. */
export const ADMISSION_LABEL = "gateway.fsm.dev/admission";
export const ADMISSION_LABEL_VALUE = "ready";

/**
 * Label value of the operator's pods. Not APP_LABEL_VALUE: `kubectl get svc -l app=fsm-gateway` must list proxies only.
 */
export const OPERATOR_APP_LABEL_VALUE = "fsm-gateway-operator";

/** The Lease by which the replicas agree on a leader. */
export const LEADER_LEASE_NAME = "fsm-gateway";

/** The Secret with the certificate authority and the serving certificate. */
export const CERTIFICATES_SECRET_NAME = "fsm-gateway-certificates";

/** The ValidatingWebhookConfiguration whose `caBundle` the operator keeps. */
export const WEBHOOK_CONFIGURATION_NAME = "fsm-gateway";

/** Audience of the ServiceAccount tokens with which proxies sign on to the configuration stream. */
export const STREAM_TOKEN_AUDIENCE = "fsm-gateway-control";

/** Health, readiness and metrics of a proxy: the one port that no listener can have. */
export const PROXY_ADMIN_PORT = 19001;

/** Health, readiness and metrics of the operator. */
export const OPERATOR_ADMIN_PORT = 9080;

/** The configuration stream, on the operator's pods and its Service alike. */
export const CONTROL_STREAM_PORT = 9443;

/** Admission, on the operator's pods; the Service offers it as 443. */
export const ADMISSION_PORT = 8443;

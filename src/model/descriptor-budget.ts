/** How many descriptors a process needs beside its clients' connections, so that neither can take those of the other. */

/** Kubelet, Prometheus and a few people; each holds its connection for seconds. */
export const MAX_ADMIN_CONNECTIONS = 64;

/** Names a scope of namespaces that is listed and watched as a whole. */

/** The scope of all namespaces. Every other scope is the name of one namespace. */
export const ALL_NAMESPACES = "";

/**
 * The three functions of the Reflect metadata proposal that @peculiar/x509 wants to find when it is imported, for the container
 * by which it looks its algorithms up. Import this before it. Stands aside where a complete polyfill is installed.
 */
type Metadata = Map<unknown, unknown>;

const metadata = new WeakMap<object, Metadata>();

const getOwnMetadata = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);

function getMetadata(key: unknown, target: object): unknown {
  for (let holder: object | null = target; holder !== null; holder = Reflect.getPrototypeOf(holder)) {
    if (metadata.get(holder)?.has(key) === true) return getOwnMetadata(key, holder);
  }
  return undefined;
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const own = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, own.set(key, value));
}

if (!("getMetadata" in Reflect)) Object.assign(Reflect, { getMetadata, getOwnMetadata, defineMetadata });

/**
 * Which addresses an external host may resolve to. A route's author names the host, and whoever runs its DNS names the
 * address: neither may reach what only the proxy's own machine can reach (server-side request forgery).
 *
 * Private networks are allowed: databases and services outside the cluster live there. No I/O; the proxy's own addresses
 * are given.
 */
import { BlockList, isIP } from "node:net";

const FORBIDDEN_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8], // unspecified and "this network", which Linux takes for loopback (RFC 1122 section 3.2.1.3)
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, with the clouds' metadata at 169.254.169.254 (RFC 3927)
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, with the broadcast address (RFC 1112)
];

const FORBIDDEN_IPV6: readonly (readonly [string, number])[] = [
  ["::", 96], // unspecified, loopback, and IPv4 in its deprecated compatible form (RFC 4291 section 2.5.5.1)
  ["fe80::", 10], // link-local
  ["ff00::", 8], // multicast
  ["fd00:ec2::254", 128], // metadata of EC2
  ["fd20:ce::254", 128], // metadata of Google Cloud
];

/** NAT64 (RFC 6052): a translator may lead this to the IPv4 address in its last 32 bits. */
const NAT64_PREFIX = "64:ff9b::";

export type AddressGuard = (address: string) => boolean;

/** Tells whether an address is forbidden. `ownAddresses`: those of the proxy's interfaces; a connection there is a loop. */
export function addressGuard(ownAddresses: Iterable<string>): AddressGuard {
  const forbidden = new BlockList();
  for (const [network, prefix] of FORBIDDEN_IPV4) {
    // BlockList also applies IPv4 rules to IPv4-mapped IPv6 addresses (::ffff:0:0/96).
    forbidden.addSubnet(network, prefix, "ipv4");
    forbidden.addSubnet(`${NAT64_PREFIX}${network}`, 96 + prefix, "ipv6");
  }
  for (const [network, prefix] of FORBIDDEN_IPV6) forbidden.addSubnet(network, prefix, "ipv6");
  for (const address of ownAddresses) {
    const family = isIP(address);
    if (family !== 0) forbidden.addAddress(address, family === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const family = isIP(address);
    return family === 0 || forbidden.check(address, family === 4 ? "ipv4" : "ipv6");
  };
}

/** IP addresses as text: one spelling for each, so that two can be compared. */

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const IPV6_CHARACTERS = /^[0-9a-f:.]+$/i;

/** The canonical spelling (RFC 5952 for IPv6); nothing if it is no IP address. */
export function canonicalAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text.split(".").map(Number).join(".");
  if (!IPV6_CHARACTERS.test(text)) return undefined;
  // The URL parser knows every spelling of IPv6 and writes RFC 5952's.
  const url = URL.parse(`http://[${text}]/`);
  return url?.hostname.slice(1, -1);
}

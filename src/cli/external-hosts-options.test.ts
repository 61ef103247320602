import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_EXTERNAL_HOSTS } from "../model/external-hosts.ts";
import {
  externalHostsPolicy,
  hasExternalHostsOptions,
  readExternalHostsOptions,
  warnOfExternalHosts,
} from "./external-hosts-options.ts";

const read = (...args: string[]) => externalHostsPolicy(readExternalHostsOptions(args));

test("what is not given is as by default, and other options are ignored", () => {
  const operator = ["operator", "--proxy-image", "registry.example/fsm:1", "--log-level=info"];
  assert.deepEqual(read(...operator), DEFAULT_EXTERNAL_HOSTS);
  assert.equal(hasExternalHostsOptions(readExternalHostsOptions(operator)), false);
  assert.deepEqual(read(...operator, "--external-hosts=false", "--terminate=false"), {
    ...DEFAULT_EXTERNAL_HOSTS,
    enabled: false,
  });
});

test("lists are separated by commas, and an empty text is an empty list", () => {
  const { allowedNames, deniedCidrs } = read(
    "--external-hosts-allowed-names=Example.com., b.example",
    "--external-hosts-denied-cidrs=10.96.0.0/12,2001:db8::/32",
  );
  assert.deepEqual(
    [allowedNames, deniedCidrs],
    [
      ["example.com", "b.example"],
      ["10.96.0.0/12", "2001:db8::/32"],
    ],
  );
  assert.deepEqual(read("--external-hosts-denied-cidrs=").deniedCidrs, []);
});

for (const [arg, message] of [
  ["--external-hosts-allowed-names=*.example.com", /write example\.com, which allows every name under it/],
  ["--external-hosts-allowed-names=.example.com", /write example\.com/],
  ["--external-hosts-allowed-names=10.0.0.1", /"10\.0\.0\.1" is not a DNS name/],
  ["--external-hosts-denied-cidrs=10.96.0.1/12", /bits set beyond its prefix length/],
  ["--external-hosts-denied-cidrs=010.0.0.0/8", /"010\.0\.0\.0\/8" is not a CIDR block/],
  ["--external-hosts=no", /neither true nor false/],
] as const) {
  test(`${arg} is rejected`, () => assert.throws(() => read(arg), message));
}

test("a list without metadata services is warned of, unless external hosts are not enabled", () => {
  const warned: unknown[] = [];
  const silent = () => undefined;
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (_message: string, fields: unknown) => warned.push(fields),
    child: () => log,
  };
  warnOfExternalHosts(log, DEFAULT_EXTERNAL_HOSTS);
  warnOfExternalHosts(log, { enabled: false, allowedNames: [], deniedCidrs: [] });
  warnOfExternalHosts(log, { enabled: true, allowedNames: [], deniedCidrs: ["169.254.0.0/16"] });
  assert.deepEqual(warned, [{ addresses: ["fd00:ec2::254"] }]);
});

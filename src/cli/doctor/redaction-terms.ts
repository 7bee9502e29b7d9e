// Whom and what a bundle names, taken from the fields in which names stand: nodes, hosts, directories and clusters.

import { homedir, hostname } from "node:os";
import { resolve } from "node:path";
import type { BundleContent, Configuration } from "./bundle-document.ts";
import type { Examined } from "./examined.ts";

export type TermKind = "cluster" | "path" | "host" | "node";
/** In this order a text that is two things is what comes first. */
export type Terms = ReadonlyMap<TermKind, ReadonlySet<string>>;

export function knownTerms({ examined, configurations }: BundleContent): Terms {
  const facts = examined.flatMap((place) => place.facts ?? []);
  const knocks = facts.flatMap(({ peers }) => peers.flatMap(({ knock }) => (knock.ok ? [knock] : [])));
  const members = facts.flatMap(({ raft }) => raft.membership.members);
  const settings = configurations.map(settingsOf);
  const names = [
    ...[...facts, ...knocks, ...members].map(({ name }) => name), ...examined.flatMap(namesIn), ...settings.flatMap(({ name }) => name),
  ];
  const addresses = [
    ...members.flatMap(({ peerAddress, clientAddress }) => [peerAddress, clientAddress]), ...facts.flatMap(({ peers }) => peers.map(({ address }) => address)),
    ...facts.flatMap((one) => (one.addresses === null ? [] : [one.addresses.peer, one.addresses.client])), ...examined.flatMap(addressesIn), ...settings.flatMap((one) => one.addresses),
  ];
  const places = examined.map(({ place }) => place).filter((place) => !isAddress(place));
  const dataDirs = [...facts.map(({ dataDir }) => dataDir), ...settings.flatMap((one) => one.dataDir)];
  const paths = [...places, ...places.map((place) => resolve(place)), ...settings.flatMap((one) => one.paths), ...[process.cwd(), homedir()].filter(isOddPath)];
  return new Map<TermKind, ReadonlySet<string>>([
    ["cluster", wanted([...facts.map(({ clusterId }) => clusterId), ...knocks.flatMap(({ clusterId }) => clusterId ?? [])])],
    ["path", wanted([...dataDirs, ...outside(dataDirs, paths)].filter((path) => path !== "/" && path !== "."))],
    ["host", wanted([...addresses.map(hostOf), hostname()])],
    ["node", wanted(names)],
  ]);
}

function namesIn({ expected, directory, forming }: Examined): string[] {
  const found = (forming?.progress?.addresses ?? []).filter(({ state }) => state === "forming").map(({ detail }) => detail);
  return [expected?.name, directory?.node?.name, forming?.name].flatMap((name) => name ?? []).concat(found);
}

function addressesIn({ place, forming }: Examined): string[] {
  return [...(isAddress(place) ? [place] : []), ...(forming?.progress?.addresses ?? []).map(({ address }) => address)];
}

/** Of a configuration that is nobody's word but another daemon's: whatever stands where a name, an address or a path belongs. */
function settingsOf({ config }: Configuration): { readonly name: readonly string[]; readonly addresses: readonly string[]; readonly dataDir: readonly string[]; readonly paths: readonly string[] } {
  const at = (...keys: readonly string[]): string[] => {
    let value = config;
    for (const key of keys) value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    return typeof value === "string" ? [value] : [];
  };
  return {
    name: at("name"),
    addresses: [...at("listen", "peer"), ...at("listen", "client"), ...at("advertise", "peer"), ...at("advertise", "client")],
    dataDir: at("dataDir"),
    paths: [...at("adminSocket"), ...at("log", "file")],
  };
}

/** What lies in a data directory is named by that. */
function outside(directories: readonly string[], paths: readonly string[]): string[] {
  return paths.filter((path) => !directories.some((directory) => path.startsWith(`${directory}/`)));
}

/** Not to be recognised by its look. */
function isOddPath(path: string): boolean {
  return /[^\w./-]/.test(path);
}

function isAddress(text: string): boolean {
  return !text.includes("/") && /:\d{1,5}$/.test(text);
}

function hostOf(address: string): string {
  return address.replace(/:\d{1,5}$/, "").replace(/^\[(.*)\]$/, "$1");
}

function wanted(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.filter((text) => text !== ""));
}

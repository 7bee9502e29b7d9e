// The effective configuration: flag > environment > context > nearest file > what init or join recorded > default, key by key. Each layer is
// read strictly, also where a higher one covers it, and every value remembers where it came from. Errors are one line: key, value, what is
// wanted, origin. Loading writes nothing.

import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { RaftctlError } from "../base/errors.ts";
import { checkConfig } from "./checks.ts";
import { findConfigFile, readConfigFile, type ConfigFile } from "./config-file.ts";
import { contextsFile, readContext } from "./contexts.ts";
import { defaultSettings } from "./defaults.ts";
import { identityLayerValues, type IdentitySettings } from "./identity-settings.ts";
import { contextLayer, environmentLayer, fileLayer, fixedLayer, flagLayer, show, type ConfigFlags, type Layer } from "./layers.ts";
import { defaultDataDir, type Environment } from "./paths.ts";
import { leaves, type Config } from "./schema.ts";
import { adminSocketPath } from "./socket-path.ts";

export interface LoadRequest {
  /** By dotted key, as typed. */
  readonly flags: ConfigFlags;
  readonly env: Environment;
  readonly cwd: string;
  /** Instead of searching for the nearest one. */
  readonly configFile?: string | undefined;
  readonly contextName?: string | undefined;
  /** Or how to read them, once it is known which data directory is meant. */
  readonly identitySettings?: IdentitySettings | ((dataDir: string) => Promise<IdentitySettings | undefined>) | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** By dotted key, for every key that has a value. */
  readonly origin: Readonly<Record<string, string>>;
  /** 16 hexadecimal digits; equal configurations have equal ones. */
  readonly configHash: string;
  /** The file that was read; what watchFile may watch. */
  readonly file: string | undefined;
}

interface Origined {
  readonly value: unknown;
  readonly origin: string;
}

/** @throws CONFIG_INVALID; INSECURE for a listener beyond loopback without consent; NOT_FOUND for an unknown context. */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const file = await chooseFile(request);
  const layers = await upperLayers(request, file);
  const dataDir = effective("dataDir", layers) ?? { value: defaultDataDir(request.env), origin: "default" };
  layers.push(await identityLayer(request, dataDir.value as string));
  layers.push(defaultLayer(request, dataDir.value as string));
  const settings = new Map<string, Origined>();
  for (const key of leaves.keys()) {
    const found = effective(key, layers);
    if (found !== undefined) settings.set(key, found);
  }
  return assemble(settings, file?.path);
}

async function chooseFile(request: LoadRequest): Promise<ConfigFile | undefined> {
  if (request.configFile !== undefined) return readConfigFile(resolve(request.cwd, request.configFile));
  return findConfigFile(request.cwd, request.env);
}

/** All that may say which data directory is meant, highest first. */
async function upperLayers(request: LoadRequest, file: ConfigFile | undefined): Promise<Layer[]> {
  const layers = [flagLayer(request.flags, request.cwd), environmentLayer(request.env, request.cwd)];
  if (request.contextName !== undefined) {
    const context = await readContext(request.contextName, request.env);
    layers.push(contextLayer(request.contextName, context, dirname(contextsFile(request.env))));
  }
  if (file !== undefined) layers.push(fileLayer(file.content, file.path, dirname(file.path)));
  return layers;
}

async function identityLayer(request: LoadRequest, dataDir: string): Promise<Layer> {
  const given = request.identitySettings;
  const settings = typeof given === "function" ? await given(dataDir) : given;
  return fixedLayer(settings === undefined ? new Map() : identityLayerValues(settings), "identity", dataDir);
}

function defaultLayer(request: LoadRequest, dataDir: string): Layer {
  const values = new Map<string, unknown>(Object.entries(defaultSettings));
  values.set("dataDir", dataDir);
  values.set("adminSocket", adminSocketPath(dataDir, request.env));
  return fixedLayer(values, "default", request.cwd);
}

/** The highest layer's value; the lower ones are read all the same, so that a mistake in them does not wait for its day. */
function effective(key: string, layers: readonly Layer[]): Origined | undefined {
  const found = layers.filter((layer) => layer.values.has(key)).map((layer) => readValue(key, layer));
  return found[0];
}

function readValue(key: string, layer: Layer): Origined {
  const leaf = leaves.get(key)!;
  const raw = layer.values.get(key);
  const origin = layer.originOf(key);
  const parsed = v.safeParse(leaf.schema, raw);
  if (!parsed.success) throw new RaftctlError("CONFIG_INVALID", `${key}: ${show(raw)} is not valid, want ${leaf.wanted} (${origin})`);
  return { value: leaf.isPath ? resolve(layer.directory, parsed.output as string) : parsed.output, origin };
}

function assemble(settings: ReadonlyMap<string, Origined>, file: string | undefined): LoadedConfig {
  const nested: Record<string, unknown> = { listen: {}, advertise: {}, membership: {} };
  const origin: Record<string, string> = {};
  for (const [key, { value, origin: from }] of settings) {
    setNested(nested, key, value);
    origin[key] = from;
  }
  const config = nested as unknown as Config;
  checkConfig(config, origin);
  return { config, origin, configHash: hashOf(settings), file };
}

function setNested(target: Record<string, unknown>, key: string, value: unknown): void {
  const [group, name] = key.split(".");
  if (name === undefined) target[key] = value;
  else ((target[group!] ??= {}) as Record<string, unknown>)[name] = value;
}

function hashOf(settings: ReadonlyMap<string, Origined>): string {
  const pairs = [...settings].map(([key, { value }]) => [key, value]);
  return createHash("sha256").update(JSON.stringify(pairs)).digest("hex").slice(0, 16);
}

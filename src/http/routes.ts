// Which path and method does what, and the way of a request through it: the route, its parameters, the redirect to the leader if it is a write, the work,
// and the answer. A route is one line of the table: what it may be asked with, whether it is the leader's, the command whose document it answers with.

import { AssertionFailure } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { Client } from "../client/client.ts";
import type { HttpAnswer, HttpRequest } from "../platform/http-server.ts";
import { foundAnswer, redirectAnswer, refusalAnswer, unknownPath, wrongMethod, type Finding, type RawFinding } from "./answers.ts";
import type { Call } from "./call.ts";
import { innerDial, type InnerServer } from "./inner-channel.ts";
import { getKey, getParameters, getRange, rangeParameters, wantsLeader } from "./kv-reads.ts";
import { deleteKey, deleteParameters, deletePrefix, deletePrefixParameters, putKey, putParameters } from "./kv-writes.ts";
import { getHealth, getOutcome, getStatus, getVersion, healthParameters } from "./node-reads.ts";
import { Query } from "./query.ts";

interface Action {
  /** As in the schema of its document. */
  readonly command: string;
  readonly parameters: readonly string[];
  /** A follower redirects these to the leader. */
  readonly isLeaders: (query: Query) => boolean;
  readonly carryOut: (call: Call) => Promise<Finding | RawFinding>;
}

interface Route {
  /** With something behind it when it ends with a slash. */
  readonly path: string;
  readonly actions: Readonly<Record<string, Action>>;
}

const always = (): boolean => true;
const never = (): boolean => false;

const routes: readonly Route[] = [
  { path: "/v1/kv/", actions: {
    GET: { command: "get", parameters: getParameters, isLeaders: wantsLeader, carryOut: getKey },
    PUT: { command: "put", parameters: putParameters, isLeaders: always, carryOut: putKey },
    DELETE: { command: "del", parameters: deleteParameters, isLeaders: always, carryOut: deleteKey },
  } },
  { path: "/v1/kv", actions: {
    GET: { command: "get", parameters: rangeParameters, isLeaders: wantsLeader, carryOut: getRange },
    DELETE: { command: "del", parameters: deletePrefixParameters, isLeaders: always, carryOut: deletePrefix },
  } },
  { path: "/v1/status", actions: { GET: { command: "status", parameters: [], isLeaders: never, carryOut: getStatus } } },
  { path: "/v1/health", actions: { GET: { command: "health", parameters: healthParameters, isLeaders: never, carryOut: getHealth } } },
  { path: "/v1/version", actions: { GET: { command: "node-version", parameters: [], isLeaders: never, carryOut: getVersion } } },
  { path: "/v1/outcome/", actions: { GET: { command: "outcome", parameters: [], isLeaders: never, carryOut: getOutcome } } },
];

const timeoutMsDefault = 5_000;
export const timeoutMsMax = 60_000;
/** Twice the default election timeout: by then a new leader has answered, or there is none. */
const clearUpMs = 2_000;

export interface RoutesOptions extends InnerServer {
  /** host:port where the leader serves HTTP; undefined when this node leads, nobody does, or the leader serves none. */
  readonly leaderElsewhere: () => Promise<string | undefined>;
}

export class Routes {
  readonly #options: RoutesOptions;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  /** Rejects only for our own bugs. */
  readonly answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    const [path = "", ...queries] = request.target.split("?");
    const route = routes.find((candidate) => matches(candidate.path, path));
    if (route === undefined) return unknownPath(path);
    const action = route.actions[request.method === "HEAD" ? "GET" : request.method];
    if (action === undefined) return wrongMethod(request.method, Object.keys(route.actions).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : method)));
    try {
      refuseAtSight(request);
      const query = new Query(queries.join("?"), [...action.parameters, "timeout"]);
      return await this.#carryOut(action, { request, query, rest: path.slice(route.path.length) });
    } catch (error) {
      return refusalAnswer(unlessOurBug(error));
    }
  };

  async #carryOut(action: Action, asked: Omit<Call, "client">): Promise<HttpAnswer> {
    const { request, query } = asked;
    const timeoutMs = timeoutOf(query);
    const leader = action.isLeaders(query) ? await this.#options.leaderElsewhere() : undefined;
    if (leader !== undefined) return redirectAnswer(`http://${leader}${request.target}`);
    const client = new Client({ endpoints: ["this node"], origin: "this node", dial: innerDial(this.#options), timeoutMs, clearUpMs });
    try {
      const found = await action.carryOut({ ...asked, client });
      return foundAnswer(action.command, client.header(), found);
    } catch (error) {
      return refusalAnswer(unlessOurBug(error), client.header());
    } finally {
      client.close();
    }
  }
}

/** A path without anything behind it is the collection's. */
function matches(route: string, path: string): boolean {
  if (!route.endsWith("/")) return path === route || path === `${route}/`;
  return path.startsWith(route) && path.length > route.length;
}

function unlessOurBug(error: unknown): RaftctlError {
  if (error instanceof AssertionFailure) throw error;
  return toRaftctlError(error);
}

/** A page in a browser must not reach a daemon of this machine behind its user's back; programs send no Origin. */
function refuseAtSight({ method, header, body }: HttpRequest): void {
  if (header("origin") !== undefined) throw new RaftctlError("DENIED", "requests of web pages are not served (they carry an Origin header)", { hint: "a proxy that serves pages for raftctl removes the header" });
  if (method !== "PUT" && body.length > 0) throw new RaftctlError("BAD_REQUEST", `a ${method} carries no body`);
}

function timeoutOf(query: Query): number {
  const timeoutMs = query.duration("timeout") ?? timeoutMsDefault;
  if (timeoutMs > 0 && timeoutMs <= timeoutMsMax) return timeoutMs;
  throw new RaftctlError("BAD_REQUEST", `timeout: ${timeoutMs} ms is not valid, want more than 0 and at most ${timeoutMsMax} ms`);
}

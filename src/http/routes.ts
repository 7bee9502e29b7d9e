// Which path and method does what, and the way of a request through it: the route, its parameters, the redirect to the leader if it is a write, the work,
// and the answer. A route is one line of the table: what it may be asked with, whether it is the leader's, the command whose document it answers with.

import { AssertionFailure } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Dial } from "../client/channel.ts";
import { Client } from "../client/client.ts";
import type { HttpAnswer, HttpRequest } from "../platform/http-server.ts";
import type { HttpStream } from "../platform/http-stream.ts";
import { foundAnswer, streamAnswer, redirectAnswer, refusalAnswer, unknownPath, wrongMethod, type Finding, type RawFinding, type StreamFinding } from "./answers.ts";
import type { Call } from "./call.ts";
import { innerDial, type InnerServer, lastingDial } from "./inner-channel.ts";
import { getKey, getParameters, getRange, rangeParameters, wantsLeader } from "./kv-reads.ts";
import { deleteLease, getLease, getLeases, leaseParameters, postKeepAlive, postLease } from "./leases.ts";
import { deleteKey, deleteParameters, deletePrefix, deletePrefixParameters, putKey, putParameters } from "./kv-writes.ts";
import { getHealth, getOutcome, getStatus, getVersion, healthParameters } from "./node-reads.ts";
import { Query } from "./query.ts";
import { deleteSession, getSessions, sessionsParameters } from "./sessions.ts";
import { postTxn, txnParameters } from "./txn.ts";
import { watchKeys, watchParameters } from "./watch.ts";

interface Action {
  /** As in the schema of its document. */
  readonly command: string;
  readonly parameters: readonly string[];
  /** A follower redirects these to the leader. */
  readonly isLeaders: (query: Query) => boolean;
  readonly takesBody?: true;
  /** What it opens is there for later requests. */
  readonly lasts?: true;
  readonly carryOut: (call: Call) => Promise<Finding | RawFinding | StreamFinding>;
}

interface Route {
  /** With something behind it when it ends with a slash. */
  readonly path: string;
  /** What stands behind that. */
  readonly suffix?: string;
  readonly actions: Readonly<Record<string, Action>>;
}

const always = (): boolean => true;
const never = (): boolean => false;

const routes: readonly Route[] = [
  { path: "/v1/kv/", actions: {
    GET: { command: "get", parameters: getParameters, isLeaders: wantsLeader, carryOut: getKey },
    PUT: { command: "put", parameters: putParameters, isLeaders: always, takesBody: true, carryOut: putKey },
    DELETE: { command: "del", parameters: deleteParameters, isLeaders: always, carryOut: deleteKey },
  } },
  { path: "/v1/kv", actions: {
    GET: { command: "get", parameters: rangeParameters, isLeaders: wantsLeader, lasts: true, carryOut: getRange },
    DELETE: { command: "del", parameters: deletePrefixParameters, isLeaders: always, carryOut: deletePrefix },
  } },
  { path: "/v1/txn", actions: { POST: { command: "txn", parameters: txnParameters, isLeaders: always, takesBody: true, carryOut: postTxn } } },
  { path: "/v1/watch", actions: { GET: { command: "watch", parameters: watchParameters, isLeaders: never, carryOut: watchKeys } } },
  { path: "/v1/leases/", suffix: "/keep-alive", actions: { POST: { command: "lease:keep-alive", parameters: [], isLeaders: never, carryOut: postKeepAlive } } },
  { path: "/v1/leases/", actions: {
    GET: { command: "lease:info", parameters: leaseParameters, isLeaders: never, carryOut: getLease },
    DELETE: { command: "lease:revoke", parameters: [], isLeaders: always, carryOut: deleteLease },
  } },
  { path: "/v1/leases", actions: {
    GET: { command: "lease:list", parameters: [], isLeaders: never, carryOut: getLeases },
    POST: { command: "lease:grant", parameters: [], isLeaders: always, takesBody: true, carryOut: postLease },
  } },
  { path: "/v1/sessions/", actions: { DELETE: { command: "session:close", parameters: [], isLeaders: always, carryOut: deleteSession } } },
  { path: "/v1/sessions", actions: { GET: { command: "session:list", parameters: sessionsParameters, isLeaders: never, carryOut: getSessions } } },
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
  readonly #dial: Dial;
  readonly #lastingDial: Dial;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#dial = innerDial(options);
    this.#lastingDial = lastingDial(options);
  }

  /** Rejects only for our own bugs. */
  readonly answer = async (request: HttpRequest): Promise<HttpAnswer | HttpStream> => {
    const [path = "", ...queries] = request.target.split("?");
    const route = routes.find((candidate) => matches(candidate, path));
    if (route === undefined) return unknownPath(path);
    const action = route.actions[request.method === "HEAD" ? "GET" : request.method];
    if (action === undefined) return wrongMethod(request.method, Object.keys(route.actions).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : method)));
    try {
      refuseAtSight(request, action);
      const query = new Query(queries.join("?"), [...action.parameters, "timeout"]);
      return await this.#carryOut(action, { request, query, rest: path.slice(route.path.length, path.length - (route.suffix ?? "").length) });
    } catch (error) {
      return refusalAnswer(unlessOurBug(error));
    }
  };

  async #carryOut(action: Action, asked: Omit<Call, "client">): Promise<HttpAnswer | HttpStream> {
    const { request, query } = asked;
    const timeoutMs = timeoutOf(query);
    const leader = action.isLeaders(query) ? await this.#options.leaderElsewhere() : undefined;
    if (leader !== undefined) return redirectAnswer(`http://${leader}${request.target}`);
    const client = new Client({ endpoints: ["this node"], origin: "this node", dial: action.lasts ? this.#lastingDial : this.#dial, timeoutMs, clearUpMs });
    const answer = await answerOf(action, { ...asked, client });
    // A stream closes it at its end.
    if (!("run" in answer)) client.close();
    return answer;
  }
}

async function answerOf(action: Action, call: Call): Promise<HttpAnswer | HttpStream> {
  const { client } = call;
  try {
    const found = await action.carryOut(call);
    return "run" in found ? streamAnswer(client, found) : foundAnswer(action.command, client.header(), found);
  } catch (error) {
    return refusalAnswer(unlessOurBug(error), client.header());
  }
}

/** A path without anything behind it is the collection's. */
function matches({ path: route, suffix = "" }: Route, path: string): boolean {
  if (!route.endsWith("/")) return path === route || path === `${route}/`;
  return path.startsWith(route) && path.endsWith(suffix) && path.length > route.length + suffix.length;
}

function unlessOurBug(error: unknown): RaftctlError {
  if (error instanceof AssertionFailure) throw error;
  return toRaftctlError(error);
}

/** A page in a browser must not reach a daemon of this machine behind its user's back; programs send no Origin. */
function refuseAtSight({ method, header, body }: HttpRequest, { takesBody }: Action): void {
  if (header("origin") !== undefined) throw new RaftctlError("DENIED", "requests of web pages are not served (they carry an Origin header)", { hint: "a proxy that serves pages for raftctl removes the header" });
  if (takesBody !== true && body.length > 0) throw new RaftctlError("BAD_REQUEST", `a ${method} carries no body here`);
}

function timeoutOf(query: Query): number {
  const timeoutMs = query.duration("timeout") ?? timeoutMsDefault;
  if (timeoutMs > 0 && timeoutMs <= timeoutMsMax) return timeoutMs;
  throw new RaftctlError("BAD_REQUEST", `timeout: ${timeoutMs} ms is not valid, want more than 0 and at most ${timeoutMsMax} ms`);
}

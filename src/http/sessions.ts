// Sessions: listed and closed, as the `session` verbs do it.

import { closedDocument, sessionListDocument } from "../cli/session-view.ts";
import { parseSessionId } from "../client/session.ts";
import type { Finding } from "./answers.ts";
import type { Call } from "./call.ts";
import { stampHeaders, stampOf } from "./delivery.ts";

export const sessionsParameters = ["limit"];

export async function getSessions({ client, query }: Call): Promise<Finding> {
  return { result: await sessionListDocument(client.sessions.list(), query.count("limit")) };
}

export async function deleteSession(call: Call): Promise<Finding> {
  const id = parseSessionId(call.rest);
  const receipt = await call.client.sessions.close(id, { session: stampOf(call) });
  return { result: { closed: [closedDocument(id, receipt)], notFound: [] }, headers: stampHeaders(receipt) };
}

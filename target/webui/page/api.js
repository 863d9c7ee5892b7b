// What the page asks of its server. Each call either gives the answer or throws a Failure.

// A call that takes longer counts as lost: a server whose accept loop hangs never refuses, it only keeps silent.
const TIMEOUT_MS = 10_000;

// A Failure is why a call gave no answer. status is 0 when nothing came back at all.
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  let response, text;
  try {
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
    text = await response.text();
  } catch (error) {
    throw new Failure(0, error.name === "TimeoutError" ? "no answer in time" : "no connection");
  }
  if (!response.ok) throw new Failure(response.status, reason(text) || `status ${response.status}`);
  return text;
}

function reason(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return "";
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(200, "an answer that is not JSON");
  }
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return parse(await call(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

// A Feed asks for the same thing again and again, and says when the answer has changed.
export class Feed {
  #path;
  #pick;
  #last;

  constructor(path, pick) {
    this.#path = path;
    this.#pick = pick;
  }

  // next gives the new rows, or null when they are those of the last time. The raw text is compared, without the clock
  // in it: that spares the parsing of an answer, which is most of the work when there are thousands of rows.
  async next() {
    const text = (await call(this.#path)).replace(/"server_time":[\d.e+]+/, '"server_time":0');
    if (text === this.#last) return null;
    const rows = this.#pick(parse(text));
    if (!Array.isArray(rows)) throw new Failure(200, "an answer without its list");
    this.#last = text;
    return rows;
  }
}

export const sessionsFeed = () => new Feed("/api/sessions", (answer) => answer.sessions);
export const projectsFeed = () => new Feed("/api/projects", (answer) => answer.projects);

export async function getSession(id) {
  return parse(await call(`/api/session?session_id=${encodeURIComponent(id)}`)).session;
}

// newSession makes one in a project, or in none for "".
export const newSession = async (project) => (await post("/api/session/new", project ? { project_id: project } : {})).session;
export const deleteSession = (id) => post("/api/session/delete", { session_id: id });
export const login = (password) => post("/api/login", { password });

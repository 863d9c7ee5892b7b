// Following the server: a poll every few seconds, a stream that says when to poll sooner, and patience when it is gone.

import { projectsFeed, sessionsFeed } from "./api.js";

const POLL_MS = 5_000;
const SOON_MS = 1_000; // at most one poll a second, however often the stream calls
const LONGEST_WAIT_MS = 30_000;

const backoff = (failures) => Math.min(SOON_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);

// A Follower calls back with what is new:
//   sessions(rows), projects(rows)   only when they have changed
//   state(name, failure)             "live", "polling" (no stream), "lost" or "locked" (a password is wanted)
//   answered()                       after each poll that the server answered
export class Follower {
  #on;
  #sessions = sessionsFeed();
  #projects = projectsFeed();
  #timer;
  #polling = false;
  #again = false;
  #failures = 0;
  #lastPoll = 0;
  #stream = null;
  #streamLive = false;
  #streamFailures = 0;
  #streamAfter = 0;

  constructor(on) {
    this.#on = on;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.now()));
    window.addEventListener("online", () => this.now());
  }

  // now polls at once. While a poll is under way it makes sure that there is another one after it.
  async now() {
    clearTimeout(this.#timer);
    if (this.#polling) {
      this.#again = true;
      return;
    }
    this.#polling = true;
    this.#again = false;
    this.#lastPoll = Date.now();
    const wait = await this.#poll();
    this.#polling = false;
    if (document.hidden || wait === null) this.stop();
    else this.#schedule(this.#again ? SOON_MS : wait);
  }

  // refresh polls at once and forgets what came before: the reader has changed something, so an answer that is still
  // under way is of the past.
  refresh() {
    this.#sessions = sessionsFeed();
    this.#projects = projectsFeed();
    return this.now();
  }

  // stop lets go of the server until now is called.
  stop() {
    clearTimeout(this.#timer);
    this.#again = false;
    this.#closeStream();
  }

  #schedule(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), wait);
  }

  // soon polls within a second of the last poll.
  #soon() {
    if (this.#polling) this.#again = true;
    else this.#schedule(Math.max(0, this.#lastPoll + SOON_MS - Date.now()));
  }

  // #poll gives the time until the next one, or null when there is to be none. One request after the other: a server
  // that is down then costs one failure and not two.
  async #poll() {
    const feeds = [this.#sessions, this.#projects];
    let sessions, projects;
    try {
      sessions = await feeds[0].next();
      projects = await feeds[1].next();
    } catch (failure) {
      this.#closeStream();
      if (failure.status === 401) {
        this.#on.state("locked");
        return null;
      }
      this.#failures++;
      this.#on.state("lost", failure);
      return backoff(this.#failures);
    }
    this.#failures = 0;
    if (feeds[0] !== this.#sessions) return SOON_MS;
    if (projects) this.#on.projects(projects);
    if (sessions) this.#on.sessions(sessions);
    this.#on.state(this.#streamLive ? "live" : "polling");
    this.#on.answered();
    if (!document.hidden) this.#openStream();
    return POLL_MS;
  }

  // #openStream is called after a poll that was answered, so a server that is gone is not asked twice.
  #openStream() {
    if (this.#stream || Date.now() < this.#streamAfter) return;
    const stream = new EventSource("/api/sessions/stream");
    this.#stream = stream;
    stream.addEventListener("open", () => {
      this.#streamLive = true;
      this.#streamFailures = 0;
      this.#on.state("live");
    });
    stream.addEventListener("sessions", () => this.#soon());
    stream.addEventListener("error", () => {
      // The browser would try again by itself, and at its own pace also while the server is gone.
      const wasLive = this.#streamLive;
      this.#closeStream();
      if (wasLive) {
        this.#soon();
      } else {
        this.#streamFailures++;
        this.#streamAfter = Date.now() + backoff(this.#streamFailures + 2);
      }
    });
  }

  #closeStream() {
    this.#stream?.close();
    this.#stream = null;
    this.#streamLive = false;
  }
}

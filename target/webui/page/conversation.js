// The open session: what it is, and its messages.

import { getSession } from "./api.js";
import { count, iso, moment, setHidden, setText } from "./text.js";

const speakers = { user: "You", assistant: "Hermes", system: "System", tool: "Tool" };
const find = (id) => document.getElementById(id);

export class Conversation {
  #id = "";
  #have = ""; // the state of the session whose messages are on the page
  #asked = "";
  #messages = find("messages");
  #template = find("message");

  get id() {
    return this.#id;
  }

  // open turns to a session, or to none for "". Its messages come with the next call of update.
  open(id) {
    this.#id = id;
    this.#have = this.#asked = "";
    this.#messages.replaceChildren();
    this.#note("");
    find("session").hidden = !id;
    find("welcome").hidden = !!id;
    find("session").ariaBusy = "true";
  }

  // update brings the page up to what the list says of the session; undefined means that the list does not have it.
  // It never asks for a session that is not listed, which would only be refused.
  async update(listed, projects) {
    const id = this.#id;
    if (!id) return;
    setHidden(find("delete"), !listed);
    if (!listed) {
      if (!this.#have) setText(find("session-title"), "No such session");
      this.#note(this.#have ? "This session is no longer in the list; it was deleted elsewhere."
        : "There is no session with this address. It may have been deleted.");
      return;
    }
    this.#describe(listed, projects);
    const state = `${id} ${listed.updated_at} ${listed.message_count}`;
    if (state === this.#have) return this.#noteIfEmpty();
    if (state === this.#asked) return;
    this.#asked = state;
    try {
      const session = await getSession(id);
      if (this.#asked !== state || this.#id !== id) return; // somebody has turned the page meanwhile
      this.#have = state;
      this.#show(session.messages ?? []);
    } catch (failure) {
      if (this.#asked === state && this.#id === id) this.#note(`The messages could not be loaded (${failure.message}). Trying again…`);
    }
    // Whatever came of it may be asked for again.
    if (this.#asked === state) this.#asked = "";
  }

  focus() {
    find(this.#id ? "session-title" : "welcome-title").focus();
  }

  #describe(listed, projects) {
    const project = projects.get(listed.project_id)?.name ?? "No project";
    setText(find("session-title"), listed.title || "Untitled");
    const about = [project, listed.model, listed.source, count(listed.message_count, "message"), `begun ${moment(listed.created_at)}`];
    setText(find("session-about"), about.filter(Boolean).join(" · "));
  }

  #show(messages) {
    const rows = messages.map((message) => {
      const row = this.#template.content.firstElementChild.cloneNode(true);
      row.dataset.role = message.role;
      row.querySelector(".role").textContent = speakers[message.role] ?? message.role;
      row.querySelector("time").textContent = moment(message.created_at);
      row.querySelector("time").dateTime = iso(message.created_at);
      row.querySelector(".content").textContent = message.content;
      return row;
    });
    this.#messages.replaceChildren(...rows);
    find("session").ariaBusy = "false";
    this.#noteIfEmpty();
  }

  #noteIfEmpty() {
    this.#note(this.#messages.childElementCount ? "" : "No messages yet.");
  }

  #note(text) {
    const note = find("session-note");
    setText(note, text);
    setHidden(note, !text);
  }
}

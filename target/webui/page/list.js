// The list of sessions, of which only the rows in sight are in the document: 5,000 cost no more than 50.

import { day, setText } from "./text.js";

const SPARE_ROWS = 8; // kept above and below what is in sight, for a scroll between two frames

const ADDRESS = "#/session/";

// address is where a session is in this page, and addressed the session at such an address, "" for any other.
export const address = (id) => ADDRESS + encodeURIComponent(id);
export function addressed(hash) {
  try {
    return hash.startsWith(ADDRESS) ? decodeURIComponent(hash.slice(ADDRESS.length)) : "";
  } catch {
    return ""; // somebody has typed a stray %
  }
}

export class SessionList {
  #scroller;
  #list;
  #row;
  #sessions = [];
  #places = new Map(); // session id -> place in #sessions
  #rows = new Map(); // session id -> its <li>, for those in the document
  #projects = new Map();
  #open = "";
  #stop = ""; // the session whose link is the one tab stop of the list
  #frame = 0;

  constructor(scroller, list, row) {
    this.#scroller = scroller;
    this.#list = list;
    this.#row = row;
    scroller.addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    new ResizeObserver(() => this.#drawSoon()).observe(scroller);
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#tabStop(event.target.closest("li").dataset.id));
  }

  // show replaces what is listed. projects are by their id, open is the session that the page shows.
  show(sessions, projects, open) {
    this.#sessions = sessions;
    this.#places = new Map(sessions.map((session, place) => [session.session_id, place]));
    this.#projects = projects;
    this.#open = open;
    this.#list.style.setProperty("--rows", sessions.length);
    this.#draw();
  }

  place(id) {
    return this.#places.get(id) ?? -1;
  }

  // focus moves to the row at a place, or the nearest there is, and says whether there was one.
  focus(place) {
    const session = this.#sessions[Math.max(0, Math.min(place, this.#sessions.length - 1))];
    if (!session) return false;
    this.#tabStop(session.session_id);
    this.#rows.get(session.session_id).querySelector("a").focus();
    return true;
  }

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #height() {
    return this.#list.offsetHeight / this.#sessions.length || 1;
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { scrollTop, clientHeight } = this.#scroller;
    const height = this.#height();
    const first = Math.max(0, Math.floor(scrollTop / height) - SPARE_ROWS);
    const end = Math.min(this.#sessions.length, Math.ceil((scrollTop + clientHeight) / height) + SPARE_ROWS);
    const places = [];
    for (let place = first; place < end; place++) places.push(place);
    // The tab stop stays in the document wherever one has scrolled to, or the list could not be reached by Tab.
    if (!this.#places.has(this.#stop)) this.#stop = this.#places.has(this.#open) ? this.#open : this.#sessions[0]?.session_id;
    const stop = this.place(this.#stop);
    if (stop >= 0 && stop < first) places.unshift(stop);
    if (stop >= end) places.push(stop);
    this.#put(places);
  }

  // #put makes the document hold just the rows at these places, in this order, and moves only what must move.
  #put(places) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.closest("li").dataset.id : null;
    const wanted = new Set(places.map((place) => this.#sessions[place].session_id));
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    let next = this.#list.firstElementChild;
    for (const place of places) {
      const session = this.#sessions[place];
      let row = this.#rows.get(session.session_id);
      if (!row) {
        row = this.#row.content.firstElementChild.cloneNode(true);
        this.#rows.set(session.session_id, row);
      }
      this.#fill(row, session, place);
      if (row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row, next);
    }
    // A row that is moved in the document loses the focus; one that has left the list gives it to the tab stop.
    if (focused && !this.#list.contains(document.activeElement)) {
      this.#rows.get(this.#rows.has(focused) ? focused : this.#stop)?.querySelector("a").focus({ preventScroll: true });
    }
  }

  #fill(row, session, place) {
    const link = row.querySelector("a");
    const id = session.session_id;
    if (row.dataset.id !== id) {
      row.dataset.id = id;
      link.href = address(id);
    }
    row.style.setProperty("--place", place);
    row.ariaPosInSet = place + 1;
    row.ariaSetSize = this.#sessions.length;
    link.tabIndex = id === this.#stop ? 0 : -1;
    if (id === this.#open) link.ariaCurrent = "page";
    else link.removeAttribute("aria-current");
    const project = this.#projects.get(session.project_id);
    row.querySelector(".dot").style.backgroundColor = project?.color ?? "";
    setText(row.querySelector(".title"), session.title || "Untitled");
    setText(row.querySelector(".project"), project?.name ?? "No project");
    setText(row.querySelector(".source"), session.source);
    setText(row.querySelector("time"), day(session.updated_at));
  }

  #tabStop(id) {
    if (id === this.#stop) return;
    this.#stop = id;
    this.#draw();
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#height()) - 1);
    const here = this.place(this.#stop);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + page, PageUp: here - page, Home: 0, End: Infinity }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.focus(to);
  }
}

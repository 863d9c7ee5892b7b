// The page: the sidebar, the open session, and what the reader does with them. All text that comes from the server goes
// into the document as text, never as markup.

import { deleteSession, login, newSession } from "./api.js";
import { Conversation } from "./conversation.js";
import { Follower } from "./follow.js";
import { address, addressed, SessionList } from "./list.js";
import { clock, count, setHidden, setText } from "./text.js";

const find = (id) => document.getElementById(id);
const narrow = window.matchMedia("(max-width: 45rem)"); // the same width is in style.css

let sessions = null; // null until the first answer; never an empty list that nobody sent
let projects = new Map();
let emptied = false; // the server had sessions and now sends none
let lastAnswer = null;
let toastTimer;

const conversation = new Conversation();
const list = new SessionList(find("scroller"), find("list"), find("session-row"));
const follower = new Follower({
  sessions(rows) {
    emptied = rows.length === 0 && sessions !== null && (emptied || sessions.length > 0);
    const news = emptied && sessions.length > 0;
    sessions = rows;
    showList();
    if (news) say(find("nothing").textContent, "unseen");
  },
  projects(rows) {
    projects = new Map(rows.map((project) => [project.project_id, project]));
    showProjects(rows);
    if (sessions) showList();
  },
  state: showState,
  answered() {
    lastAnswer = new Date();
    updateConversation();
  },
});

// The list.

const chosenProject = () => find("projects").querySelector("input:checked")?.value ?? "";

function chosen() {
  const project = chosenProject();
  const query = find("query").value.trim().toLocaleLowerCase();
  if (!project && !query) return sessions;
  return sessions.filter((session) => (!project || session.project_id === project) && session.title.toLocaleLowerCase().includes(query));
}

function showList() {
  const rows = chosen();
  list.show(rows, projects, conversation.id);
  const all = sessions.length;
  setText(find("shown"), rows.length === all ? count(all, "session") : `${rows.length.toLocaleString()} of ${count(all, "session")}`);
  let nothing = "";
  if (emptied) nothing = "The server now answers with an empty list. It had sessions before.";
  else if (all === 0) nothing = "There are no sessions yet.";
  else if (rows.length === 0) nothing = "No session matches.";
  setText(find("nothing"), nothing);
  setHidden(find("nothing"), !nothing);
}

function showProjects(rows) {
  const kept = projects.has(chosenProject()) ? chosenProject() : "";
  const choices = [{ project_id: "", name: "All", color: "" }, ...rows].map((project) => {
    const choice = find("project-choice").content.firstElementChild.cloneNode(true);
    const input = choice.querySelector("input");
    input.value = project.project_id;
    input.checked = project.project_id === kept;
    choice.querySelector(".dot").style.backgroundColor = project.color;
    choice.querySelector(".dot").hidden = !project.project_id;
    choice.querySelector(".name").textContent = project.name;
    return choice;
  });
  find("projects").replaceChildren(find("projects").querySelector("legend"), ...choices);
}

function filter() {
  if (!sessions) return;
  find("scroller").scrollTop = 0;
  showList();
  say(find("shown").textContent, "unseen");
}

// The open session. Its address is in the URL, so that a reload and the back button keep it.

function follow() {
  const id = addressed(location.hash);
  if (id !== conversation.id) {
    conversation.open(id);
    if (sessions) showList();
    updateConversation();
  }
}

function updateConversation() {
  if (sessions) conversation.update(sessions.find((session) => session.session_id === conversation.id), projects);
}

function turnTo(id) {
  if (id) location.hash = address(id);
  else history.pushState(null, "", location.pathname);
  follow();
}

async function begin() {
  find("new").disabled = true;
  try {
    const session = await newSession(chosenProject());
    // It is shown before the next poll tells of it, and the poll follows at once.
    sessions = [session, ...(sessions ?? []).filter((other) => other.session_id !== session.session_id)];
    emptied = false;
    find("query").value = "";
    turnTo(session.session_id);
    showList();
    find("scroller").scrollTop = 0;
    showPanel(false);
    conversation.focus();
    say("New session made.");
    follower.refresh();
  } catch (failure) {
    refused("The session could not be made", failure);
  } finally {
    find("new").disabled = false;
  }
}

function ask() {
  find("confirm").dataset.id = conversation.id;
  find("confirm-text").textContent = `“${find("session-title").textContent}” and its messages will be gone for good.`;
  find("confirm").showModal();
}

// remove goes by the button that was pressed. The dialog's close event would tell too, but so late on a busy machine
// that the next question may have been asked by then, and the answer to that would be taken for this one.
async function remove(event) {
  if (event.submitter.value !== "delete") return;
  const { id } = find("confirm").dataset;
  try {
    await deleteSession(id);
  } catch (failure) {
    refused("The session could not be deleted", failure);
    return;
  }
  const place = list.place(id);
  sessions = sessions.filter((session) => session.session_id !== id);
  if (conversation.id === id) turnTo("");
  showList();
  if (narrow.matches || !list.focus(place)) conversation.focus();
  say("Session deleted.");
  follower.refresh();
}

// The server's state.

function showState(state, failure) {
  const words = { live: "Live", polling: "Polling", lost: "Lost", locked: "Locked" };
  const before = find("link").dataset.state;
  if (state !== before) {
    find("link").dataset.state = state;
    find("link").textContent = words[state];
  }
  let lost = "";
  if (state === "lost") {
    lost = failure.status ? `The server is in trouble: ${failure.message}. Trying again…` : "Lost the server. Trying again…";
    if (lastAnswer) lost += ` Last answer at ${clock(lastAnswer)}.`;
    if (!sessions) setText(find("shown"), "Nothing came yet.");
  }
  setText(find("lost-text"), lost);
  setHidden(find("try-now"), !lost);
  if (before === "lost" && state !== "lost") say("The server is back.");
  lock(state === "locked");
}

function lock(locked) {
  if (locked === !find("locked").hidden) return;
  find("locked").hidden = !locked;
  find("sidebar").hidden = find("conversation").hidden = find("panel-button").hidden = locked;
  if (locked) find("password").focus();
}

async function unlock(event) {
  event.preventDefault();
  setText(find("login-note"), "");
  try {
    await login(find("password").value);
  } catch (failure) {
    setText(find("login-note"), failure.status === 401 ? "That is not the password." : `The server did not take it: ${failure.message}.`);
    find("password").select();
    return;
  }
  find("password").value = "";
  await follower.now();
  find("query").focus();
}

// Small things.

// say tells the reader something in passing: as a toast, or ("unseen") to a screen reader alone.
function say(text, how = "") {
  clearTimeout(toastTimer);
  find("toast").className = `toast ${how}`;
  find("toast").textContent = text;
  toastTimer = setTimeout(() => (find("toast").textContent = ""), 6_000);
}

function refused(what, failure) {
  if (failure.status === 401) follower.now(); // it will ask for the password
  else say(`${what}: ${failure.message}.`, "wrong");
}

// showPanel slides the list in or out where there is no room for it beside the session.
function showPanel(open) {
  document.body.classList.toggle("panel", open);
  find("panel-button").ariaExpanded = String(open && narrow.matches);
  find("conversation").inert = open && narrow.matches;
}

find("new").addEventListener("click", begin);
find("delete").addEventListener("click", ask);
find("confirm").addEventListener("submit", remove);
find("try-now").addEventListener("click", () => follower.now());
find("login").addEventListener("submit", unlock);
find("query").addEventListener("input", filter);
find("projects").addEventListener("change", filter);
find("list").addEventListener("click", (event) => {
  if (!narrow.matches || !event.target.closest("a")) return;
  showPanel(false);
  // The hash changes after the click; only then is there a title to go to.
  setTimeout(() => conversation.focus());
});
find("panel-button").addEventListener("click", () => {
  showPanel(!document.body.classList.contains("panel"));
  if (document.body.classList.contains("panel")) find("query").focus();
});
find("sidebar").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !narrow.matches || find("query").value) return; // Escape first empties the search box
  showPanel(false);
  find("panel-button").focus();
});
narrow.addEventListener("change", () => showPanel(document.body.classList.contains("panel")));
window.addEventListener("hashchange", follow);
window.addEventListener("popstate", follow);

follow();
showPanel(!conversation.id); // on a small screen the list comes first, unless the address names a session
if (!document.hidden) follower.now();

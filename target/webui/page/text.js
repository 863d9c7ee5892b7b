// Words and times as this reader writes them, and how they get into the document.

const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const momentFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const numberFormat = new Intl.NumberFormat();

// Times come as Unix seconds.
export const day = (seconds) => dayFormat.format(seconds * 1000);
export const moment = (seconds) => momentFormat.format(seconds * 1000);
export const iso = (seconds) => new Date(seconds * 1000).toISOString();
export const clock = (date) => clockFormat.format(date);

export const count = (n, word) => `${numberFormat.format(n)} ${word}${n === 1 ? "" : "s"}`;

// setText and setHidden leave an element alone that is so already: nothing is then laid out or read out again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

// @ts-check
// The simulator's server: what it streams, and what it is asked to do.

import { $ } from "./dom.js";

/** @param {string} text empty takes the notice away */
export function notify(text) {
  const notice = $("#notice");
  notice.textContent = text;
  notice.hidden = text === "";
}

/**
 * Asks the control API; a refusal becomes the page's notice.
 * @param {string} path below /control/phones/
 * @param {any} [body]
 * @returns {Promise<boolean>} whether it was done
 */
export async function ask(path, body = {}) {
  try {
    const answer = await fetch(`/control/phones/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      notify("");
      return true;
    }
    const { detail } = await answer.json().catch(() => ({ detail: "" }));
    notify(`Refused: ${detail || answer.statusText}`);
  } catch {
    notify("The simulator does not answer.");
  }
  return false;
}

/**
 * Calls `show` with the state now and after every change.
 * @param {string} address
 * @param {(state: any) => void} show
 */
export function follow(address, show) {
  const events = new EventSource(address);
  let isLost = false;
  events.onmessage = (event) => {
    if (isLost) notify("");
    isLost = false;
    show(JSON.parse(event.data));
  };
  events.onerror = () => {
    isLost = true;
    notify("The simulator does not answer; what you see may be old.");
  };
}

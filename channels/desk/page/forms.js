// What is asked before a conversation is laid aside, handed on, or becomes a call.

import { dialog, h } from "./dom.js";
import { read, session } from "./node.js";
import { t } from "./texts.js";

export function askPark() {
  const tomorrow = new Date();
  tomorrow.setDate(tomorrow.getDate() + 1);
  tomorrow.setHours(9, 0, 0, 0);
  const choices = [
    ["untilWrites", () => ({})],
    ["untilHour", () => ({ until: new Date(Date.now() + 3_600_000).toISOString() })],
    ["untilTomorrow", () => ({ until: tomorrow.toISOString() })],
  ];
  return dialog(`${t("park")}: ${t("until")}`, (choose) => [h("div", { class: "stack" },
    choices.map(([word, wish]) => h("button", { onclick: () => choose(wish()) }, t(word))),
    h("button", { class: "quiet", onclick: () => choose(null) }, t("cancel")))]);
}

export async function askTransfer() {
  const [{ agents }, { queues }] = await Promise.all([read("/api/v1/agents"), read("/api/v1/queues")]);
  const skills = [...new Set(agents.flatMap((agent) => Object.keys(agent.skills)))].sort();
  const options = [
    ...queues.map((queue) => ["toQueue", queue.queue_id, { to_queue: queue.queue_id }]),
    ...agents.filter((agent) => agent.agent_id !== session.agent && agent.state !== "logged_out")
      .map((agent) => ["toAgent", `${agent.name} (${t(agent.state)})`, { to_agent: agent.agent_id }]),
    ...skills.map((skill) => ["toSkill", skill, { skill }]),
  ];
  const to = h("select", { "aria-label": t("transfer"), size: "10" }, ["toQueue", "toAgent", "toSkill"].map((group) => {
    const within = options.map((option, place) => [option, place]).filter(([option]) => option[0] === group);
    return within.length ? h("optgroup", { label: t(group) }, within.map(([option, place]) => h("option", { value: String(place) }, option[1]))) : null;
  }));
  return dialog(t("transfer"), (choose) => [h("form", { onsubmit: (event) => {
    event.preventDefault();
    if (to.value) choose(options[Number(to.value)][2]);
  } }, to, h("div", { class: "row" }, h("button", { class: "main" }, t("transfer")),
    h("button", { type: "button", onclick: () => choose(null) }, t("cancel"))))]);
}

export function askNumber() {
  const number = h("input", { type: "tel", autocomplete: "off", placeholder: "+49 30 123456", "aria-label": t("phone"),
    pattern: "[0-9+().\\-\\/ ]{3,40}" });
  return dialog(t("call"), (choose) => [h("form", { class: "stack", onsubmit: (event) => {
    event.preventDefault();
    choose(number.value.trim() ? { number: number.value.trim() } : {});
  } }, h("p", { class: "small soft" }, t("callHint")), number,
    h("div", { class: "row" }, h("button", { class: "main" }, t("call")),
      h("button", { type: "button", onclick: () => choose(null) }, t("cancel"))))]);
}

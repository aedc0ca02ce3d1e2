// Whose a conversation is, where several customers could be meant: the agent asks, and says so.

import { dialog, h } from "./dom.js";
import { ask, read, session } from "./node.js";
import { t } from "./texts.js";

const route = (contact, what) => `/api/v1/contacts/${contact}/${what}`;

// Resolves to { customer_id, proof, candidates }, or to null where nobody can say.
export const whose = (contact) => read(route(contact, "candidates"));

// A hint at each customer: enough to ask who he is, too little to tell him of somebody else.
export function question(contact, candidates, onAnswer) {
  return h("section", { class: "whose" },
    h("h3", {}, t("whose")), h("p", { class: "small soft" }, t("whoseHint")),
    h("div", { class: "stack" }, candidates.map((one) => {
      const name = [one.initials || t("unknown"), one.number].filter(Boolean).join(" · ");
      return h("button", { onclick: async () => {
        const proof = await askProof(name);
        if (proof) onAnswer(await confirm(contact, one.customer_id, proof));
      } }, name);
    })));
}

function askProof(name) {
  return dialog(`${t("whose")} ${name}`, (choose) => [h("div", { class: "stack" },
    h("button", { class: "main", onclick: () => choose("proved") }, t("hasProved")),
    h("button", { onclick: () => choose("presented") }, t("hasSaid")),
    h("button", { class: "quiet", onclick: () => choose(null) }, t("cancel")))]);
}

async function confirm(contact, customer, proof) {
  const body = JSON.stringify({ customer_id: customer, proof, by: session.agent });
  const headers = { "Content-Type": "application/json" };
  return (await ask(route(contact, "customer"), { method: "POST", headers, body })).json();
}

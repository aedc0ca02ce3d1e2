// Who the customer is, his tickets, and everything that was between him and us.

import { desk } from "./desk.js";
import { h, icon } from "./dom.js";
import { Refused, read } from "./node.js";
import { fileOf } from "./talk.js";
import { clockTime, t } from "./texts.js";
import { question, whose } from "./whose.js";

const known = new Map(); // conversation_id -> { customer, asked, record, tickets, entries, before }

export function forgetCustomers() {
  known.clear();
}

// What a part of the node does not serve, or nobody may see, is left out.
const unlessRefused = (answer) => answer.catch((error) => {
  if (error instanceof Refused) return null;
  throw error;
});
const orNothing = (path) => unlessRefused(read(path));

async function load(conversation) {
  const { contact_id: contact } = conversation;
  const asked = contact && !conversation.customer_id ? await unlessRefused(whose(contact)) : null;
  const customer = conversation.customer_id ?? asked?.customer_id;
  const [record, tickets, page] = await Promise.all([
    contact ? orNothing(`/api/v1/contacts/${contact}/customer`) : null,
    customer ? orNothing(`/api/v1/tickets?customer_id=${customer}&limit=10`) : null,
    customer ? orNothing(`/api/v1/customers/${customer}/timeline?limit=30`) : null,
  ]);
  return { customer, asked, record, tickets: tickets?.tickets ?? [], entries: page?.entries ?? [], before: page?.next_before };
}

export async function customerPanel(place, one) {
  if (!one) {
    place.replaceChildren();
    return;
  }
  const { conversation } = one;
  const id = conversation.conversation_id;
  const there = known.get(id);
  const same = there && (!conversation.customer_id || there.customer === conversation.customer_id);
  draw(place, conversation, same ? there : null);
  const loaded = await load(conversation);
  known.set(id, loaded);
  if (desk.chosen === id) draw(place, conversation, loaded);
}

function draw(place, conversation, loaded) {
  const scrolled = place.scrollTop;
  const candidates = loaded?.asked?.candidates ?? [];
  const record = loaded?.record;
  const facts = [
    ["number", record?.number], ["value", record ? "★".repeat(record.value) : ""],
    [conversation.address_kind, conversation.address],
    ["language", conversation.language], ["queue", conversation.queue_id], ["subject", conversation.subject],
    ["due", conversation.due_at ? clockTime(conversation.due_at) : ""],
  ].filter(([, value]) => value);
  const proof = loaded?.asked?.customer_id ? loaded.asked.proof : conversation.proof;
  const sure = proof === "proved" ? "proved" : "doubt";
  place.replaceChildren(...[
    h("section", {},
      h("h3", {}, t("customer")),
      h("div", { class: "row" }, h("h2", { class: "grow cut" }, record?.name || conversation.name || t("unknown")),
        h("span", { class: `small ${sure}` }, t(`proof_${proof}`))),
      h("dl", { class: "facts small" }, facts.flatMap(([word, value]) => [h("dt", {}, t(word)), h("dd", { class: "cut" }, value)]))),
    candidates.length ? question(conversation.contact_id, candidates, async () => {
      const one = await load(conversation);
      known.set(conversation.conversation_id, one);
      if (desk.chosen === conversation.conversation_id) draw(place, conversation, one);
    }) : null,
    loaded?.tickets.length ? h("section", {}, h("h3", {}, t("tickets")), h("ul", { class: "small" }, loaded.tickets.map(ticket))) : null,
    h("section", {}, h("h3", {}, t("timeline")),
      loaded?.entries.length ? h("ol", {}, loaded.entries.map(entry)) : h("p", { class: "empty small" }, t("none")),
      loaded?.before ? h("button", { class: "quiet", onclick: async () => {
        const page = await orNothing(`/api/v1/customers/${loaded.customer}/timeline?limit=30&before=${encodeURIComponent(loaded.before)}`);
        loaded.entries.push(...(page?.entries ?? []));
        loaded.before = page?.next_before;
        draw(place, conversation, loaded);
      } }, t("more")) : null),
  ].filter(Boolean));
  place.scrollTop = scrolled;
}

function ticket(one) {
  return h("li", { class: "row" }, icon("ticket"), h("span", { class: "soft" }, `#${one.number}`),
    h("span", { class: "grow cut" }, one.subject), h("span", { class: one.state === "new" ? "doubt" : "soft" }, t(`state_${one.state}`)));
}

function entry(one) {
  const { kind, message, contact, ticket: matter } = one;
  const seconds = (word, value) => (value ? `${t(word)} ${Math.round(value)} ${t("seconds")}` : "");
  const about = kind === "message" ? message.text || message.subject
    : kind === "contact" ? [contact.queue_id, contact.agent_id, seconds("wait", contact.wait_s), seconds("talk", contact.talk_s)].filter(Boolean).join(" · ")
      : kind === "ticket" ? `#${matter.number} ${matter.subject} (${t(`state_${matter.state}`)})` : one.note;
  const who = kind === "message" ? (message.author === "customer" ? t("customer") : message.agent_id ?? t("system")) : t(kind === "contact" ? one.channel : kind);
  return h("li", { class: "line small" },
    h("span", { class: "row soft" }, icon(kind === "message" || kind === "contact" ? one.channel : kind),
      h("span", { class: "grow cut" }, who), h("time", { datetime: one.at }, clockTime(one.at))),
    h("p", {}, about),
    message?.attachments.length ? h("div", { class: "files" }, message.attachments.map(fileOf)) : null);
}

// An agent's desk: what he has, what is offered to him. It speaks docs/protocols/desk.md.

import { customerPanel, forgetCustomers } from "./customer.js";
import { h, icon, notice } from "./dom.js";
import { Link, Refused, ask, session } from "./node.js";
import { showTalk, tellMessage, tellTyping } from "./talk.js";
import { clockTime, switchLanguage, t } from "./texts.js";

const app = document.getElementById("app");

export const desk = {
  link: null,
  status: "connecting",
  name: "",
  state: "not_ready",
  conversations: new Map(), // id -> { conversation, messages, earlier, present, draft, files, noting }
  offers: new Map(),
  chosen: null,
  view: "", // "open" or "customer": what a narrow screen shows
};

const parts = {};

function signIn(why) {
  desk.link?.end();
  const agent = h("input", { name: "agent", autocomplete: "username", required: true, value: session.agent, autocapitalize: "none" });
  const token = h("input", { name: "token", type: "password", autocomplete: "current-password", required: true });
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    session.keep(agent.value.trim(), token.value.trim());
    try {
      await ask(`/api/v1/agents/${encodeURIComponent(session.agent)}`);
    } catch (error) {
      session.forget();
      signIn(error instanceof Refused ? t("refused") : t("unreachable"));
      return;
    }
    start();
  } },
  h("div", { class: "row" }, h("span", { class: "brand grow" }, "Warmline"), languageButton(() => signIn(why))),
  h("h1", { class: "small soft" }, t("title")),
  h("p", { class: "small soft" }, t("signInWhy")),
  h("label", {}, t("agent"), agent),
  h("label", {}, t("token"), token),
  why ? h("p", { role: "alert", class: "doubt" }, why) : null,
  h("button", { class: "main" }, t("signIn")));
  app.replaceChildren(h("main", { class: "sign-in" }, form));
  (session.agent ? token : agent).focus();
}

function languageButton(then) {
  return h("button", { class: "quiet", type: "button", lang: t("title") === "Agent desk" ? "zh" : "en",
    onclick: () => { switchLanguage(); then(); } }, t("title") === "Agent desk" ? "中文" : "English");
}

function start() {
  desk.conversations.clear();
  desk.offers.clear();
  desk.chosen = null;
  frame();
  desk.link = new Link(take, (status) => { desk.status = status; top(); });
  desk.link.open();
}

function frame() {
  parts.top = h("header", { class: "top" });
  parts.list = h("nav", { class: "list", "aria-label": t("mine") });
  parts.talk = h("main", { class: "talk" });
  parts.panel = h("aside", { class: "panel", "aria-label": t("customer") });
  parts.desk = h("div", { class: "desk" }, parts.top, parts.list, parts.talk, parts.panel);
  app.replaceChildren(parts.desk);
  document.title = `${t("title")} · Warmline`;
  top();
  list();
  show(desk.chosen);
}

export function look(view) {
  desk.view = view;
  parts.desk.className = `desk ${view}`;
}

function top() {
  const states = ["ready", "not_ready", "logged_out"];
  const shown = states.includes(desk.state) ? states : [desk.state, ...states];
  const wish = h("select", { "aria-label": t("agent"), onchange: async () => {
    try {
      desk.state = (await desk.link.ask("state", { state: wish.value })).state;
    } catch (error) {
      failed(error);
    }
    top();
  } }, shown.map((one) => h("option", { value: one, disabled: !states.includes(one) }, t(one))));
  wish.value = desk.state;
  parts.top.replaceChildren(
    h("span", { class: "brand" }, "Warmline"),
    h("span", { class: "name cut" }, desk.name),
    h("span", { class: `dot ${desk.status === "connected" ? "on" : ""}` }),
    h("span", { class: "status soft small grow cut", role: "status" }, t(desk.status)),
    wish,
    languageButton(frame),
    h("button", { class: "quiet", onclick: () => { session.forget(); signIn(); } }, t("signOut")),
  );
}

export const unreadOf = (one) => one.messages.filter(
  (said) => said.author === "customer" && said.sequence > one.conversation.agent_read).length;

export const titleOf = (conversation) => conversation.name || conversation.subject || conversation.address || t("unknown");

function item(one) {
  const { conversation, messages } = one;
  const last = messages.at(-1);
  const unread = unreadOf(one);
  const current = conversation.conversation_id === desk.chosen;
  return h("li", {}, h("button", { class: "item", "aria-current": current ? "true" : "false",
    onclick: () => show(conversation.conversation_id) },
  icon(conversation.channel),
  h("span", { class: "grow" },
    h("span", { class: "row" }, h("strong", { class: "grow cut" }, titleOf(conversation)),
      h("span", { class: "soft small" }, clockTime(conversation.last_at))),
    h("span", { class: "row" },
      h("span", { class: "grow cut soft small" }, last ? last.text || last.attachments[0]?.name || "" : t(conversation.channel)),
      unread ? h("span", { class: "badge", "aria-label": `${unread} ${t("unread")}` }, String(unread)) : null))));
}

function offerCard(offer) {
  const left = () => Math.max(0, (offer.until - performance.now()) / 1000);
  const meter = h("progress", { max: String(offer.expires_s), value: String(left()), "aria-label": t("seconds") });
  const settle = async (kind) => {
    try {
      const done = await desk.link.ask(kind, { offer_id: offer.offer_id });
      desk.offers.delete(offer.offer_id);
      if (done.conversation) {
        keep(done.conversation, true);
        show(done.conversation.conversation.conversation_id);
      }
    } catch (error) {
      failed(error);
    }
    list();
  };
  offer.tick = () => { meter.value = left(); };
  return h("li", { class: "offer" },
    h("div", { class: "row" }, icon(offer.conversation.channel),
      h("strong", { class: "grow cut" }, titleOf(offer.conversation)),
      h("span", { class: "small soft" }, offer.conversation.queue_id)),
    h("p", { class: "small" }, offer.preview),
    meter,
    h("div", { class: "row" },
      h("button", { class: "main grow", onclick: () => settle("accept") }, t("accept")),
      h("button", { onclick: () => settle("decline") }, t("decline"))));
}

export function list() {
  const all = [...desk.conversations.values()];
  const newest = (one, other) => other.conversation.last_at.localeCompare(one.conversation.last_at);
  const mine = all.filter((one) => one.conversation.state === "served").sort(newest);
  const parked = all.filter((one) => one.conversation.state === "parked").sort(newest);
  const section = (title, items) => items.length
    ? h("section", {}, h("h3", {}, title), h("ul", {}, items)) : null;
  const offers = [...desk.offers.values()];
  parts.list.replaceChildren(...[
    offers.length ? h("section", { "aria-live": "assertive" }, h("h3", {}, t("offers")), h("ul", { class: "stack" }, offers.map(offerCard))) : null,
    mine.length ? section(t("mine"), mine.map(item))
      : h("section", {}, h("h3", {}, t("mine")), h("p", { class: "empty small" }, t("none"), " ", t("noneHint"))),
    section(t("parkedList"), parked.map(item)),
  ].filter(Boolean));
  const asks = offers.length + mine.reduce((sum, one) => sum + unreadOf(one), 0);
  document.title = `${asks ? `(${asks}) ` : ""}${t("title")} · Warmline`;
}

setInterval(() => desk.offers.forEach((offer) => offer.tick?.()), 500);

export function show(id) {
  desk.chosen = desk.conversations.has(id) ? id : null;
  const one = desk.conversations.get(desk.chosen);
  look(one ? "open" : "");
  showTalk(parts.talk, one);
  customerPanel(parts.panel, one);
  list();
}

function keep(told, fresh) {
  const id = told.conversation.conversation_id;
  const before = desk.conversations.get(id);
  const one = before ?? { messages: [], earlier: false, draft: "", files: [], noting: false, present: false };
  one.conversation = told.conversation;
  if (told.present !== undefined) one.present = told.present;
  if (told.messages) {
    merge(one, told.messages);
    one.earlier = told.earlier;
  }
  desk.conversations.set(id, one);
  if (!before && !fresh) fill(one, 0);
  return one;
}

export function merge(one, messages) {
  const known = new Map(one.messages.map((said) => [said.message_id, said]));
  for (const said of messages) known.set(said.message_id, said);
  one.messages = [...known.values()].sort((left, right) => left.sequence - right.sequence);
}

// Asks for what is missing behind a message.
export async function fill(one, after) {
  try {
    for (let next = after; next !== undefined;) {
      const page = await desk.link.ask("read", { conversation_id: one.conversation.conversation_id, after: next });
      merge(one, page.messages);
      next = page.next_after;
    }
    one.earlier = one.messages.length > 0 && one.messages[0].sequence > 1;
  } catch (error) {
    failed(error);
  }
  refresh(one);
}

export function refresh(one) {
  if (one.conversation.conversation_id === desk.chosen) showTalk(parts.talk, one);
  list();
}

const isMine = (conversation) => conversation.agent_id === session.agent && ["served", "parked"].includes(conversation.state);

const TAKING = {
  hello(told) {
    desk.name = told.name;
    desk.state = told.state;
    const has = new Set(told.conversations.map((one) => one.conversation.conversation_id));
    for (const id of desk.conversations.keys()) if (!has.has(id)) desk.conversations.delete(id);
    for (const one of told.conversations) {
      const last = desk.conversations.get(one.conversation.conversation_id)?.messages.at(-1)?.sequence;
      const kept = keep(one, true);
      // Away for longer than the last messages reach back.
      if (last !== undefined && one.messages.length && one.messages[0].sequence > last + 1) fill(kept, last);
    }
    desk.offers.clear();
    top();
    if (desk.conversations.has(desk.chosen)) refresh(desk.conversations.get(desk.chosen));
    else show(null);
  },
  offer(told) {
    told.until = performance.now() + told.expires_s * 1000;
    desk.offers.set(told.offer_id, told);
    list();
  },
  offer_gone(told) {
    if (!desk.offers.delete(told.offer_id)) return;
    notice(t({ accepted: "gone_accepted", expired: "gone_expired" }[told.reason] ?? "gone_other"));
    list();
  },
  message({ message }) {
    const one = desk.conversations.get(message.conversation_id);
    if (!one) return;
    const last = one.messages.at(-1)?.sequence ?? 0;
    // Its own messages come with their answer too, in either order.
    const known = one.messages.some((said) => said.message_id === message.message_id);
    merge(one, [message]);
    one.conversation.last_at = message.at;
    if (message.sequence > last + 1) fill(one, last);
    else if (known) refresh(one);
    else if (message.conversation_id === desk.chosen) tellMessage(one, message);
    list();
  },
  typing(told) {
    if (told.author === "customer" && told.conversation_id === desk.chosen) tellTyping(told.typing);
  },
  mark(told) {
    const one = desk.conversations.get(told.conversation_id);
    if (!one) return;
    const at = told.by === "agent" ? "agent_read" : told.delivery === "read" ? "customer_read" : "customer_got";
    one.conversation[at] = Math.max(one.conversation[at], told.sequence);
    refresh(one);
  },
  standing(told) {
    const id = told.conversation.conversation_id;
    if (isMine(told.conversation)) {
      const one = keep(told, false);
      refresh(one);
      if (id === desk.chosen) customerPanel(parts.panel, one);
    } else if (desk.conversations.delete(id)) {
      if (id === desk.chosen) show(null);
      list();
    }
  },
  agent(told) {
    desk.state = told.state;
    top();
  },
};

function take(told) {
  TAKING[told.type]?.(told);
}

export function failed(error) {
  if (!(error instanceof Refused)) throw error;
  notice(error.message === "connection" ? t("lost") : error.message);
}

addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Refused) notice(event.reason.message);
});

forgetCustomers();
if (session.token && session.agent) start();
else signIn();

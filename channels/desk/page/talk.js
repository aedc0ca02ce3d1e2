// One conversation: what was said, and what the agent writes.

import { desk, failed, fill, list, look, merge, refresh, titleOf, unreadOf } from "./desk.js";
import { dialog, h, icon, notice } from "./dom.js";
import { askNumber, askPark, askTransfer } from "./forms.js";
import { Refused, pictureOf, save, session, upload } from "./node.js";
import { clockTime, sizeOf, t } from "./texts.js";

const SHOWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const NEAR_PX = 80;
const parts = {};
// randomUUID is for secure pages alone; this one may be served to a private network.
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
let typedAt = 0;
let typingOver;

export function showTalk(place, one) {
  if (!one) {
    place.replaceChildren(h("p", { class: "choose" }, t("choose")));
    return;
  }
  const stays = parts.one === one && place.contains(parts.log ?? null);
  const from = stays ? parts.log.scrollHeight - parts.log.scrollTop : 0;
  const focused = stays && document.activeElement === parts.text;
  const place_ = focused ? parts.text.selectionStart : 0;
  parts.one = one;
  parts.log = h("div", { class: "log", role: "log", "aria-label": titleOf(one.conversation), tabindex: "0" });
  parts.typing = h("p", { class: "typing", "aria-live": "polite" });
  place.replaceChildren(head(one), parts.log, parts.typing, compose(one));
  if (one.earlier) parts.log.append(h("button", { class: "quiet", onclick: () => fill(one, 0) }, t("earlier")));
  for (const said of one.messages) parts.log.append(bubble(one, said));
  parts.log.scrollTop = parts.log.scrollHeight - (stays ? from : 0);
  if (!stays) parts.log.scrollTop = parts.log.scrollHeight;
  if (focused || !stays) {
    parts.text.focus({ preventScroll: true });
    if (focused) parts.text.setSelectionRange(place_, place_);
  }
  mark(one);
}

function head(one) {
  const { conversation } = one;
  const about = { conversation_id: conversation.conversation_id };
  const act = async (kind, fields) => {
    try {
      await desk.link.ask(kind, { ...about, ...fields });
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  };
  const served = conversation.state === "served";
  const there = one.present ? t("here") : t("away");
  return h("div", { class: "head" },
    h("button", { class: "quiet only-narrow", "aria-label": t("back"), onclick: () => look("") }, icon("back")),
    icon(conversation.channel),
    h("div", { class: "grow" },
      h("h2", { class: "cut" }, titleOf(conversation)),
      h("p", { class: "small soft cut" },
        [conversation.queue_id, conversation.channel === "chat" ? there : conversation.subject].filter(Boolean).join(" · "))),
    h("button", { class: "only-middle", onclick: () => look(desk.view === "customer" ? "open" : "customer") }, t("customer")),
    served && conversation.channel !== "chat" ? h("button", { onclick: async () => {
      const until = await askPark();
      if (until !== null) await act("park", until);
    } }, t("park")) : null,
    conversation.state === "parked" ? h("button", { onclick: () => act("resume", {}) }, t("resume")) : null,
    served ? h("button", { onclick: async () => {
      const to = await askTransfer();
      if (to !== null) await act("transfer", to);
    } }, t("transfer")) : null,
    served ? h("button", { onclick: async () => {
      const wish = await askNumber();
      if (wish !== null && await act("call", wish)) notice(t("calling"));
    } }, t("call")) : null,
    h("button", { onclick: () => act("close", { disposition: "handled" }) }, t("close")));
}

function bubble(one, said) {
  const kind = said.internal ? "note" : said.author;
  const who = said.internal ? `${t("internal")} · ${said.agent_id ?? ""}`
    : said.author === "agent" ? (said.agent_id === session.agent ? t("you") : said.agent_id)
      : said.author === "system" ? t("system") : "";
  return h("article", { class: `said ${kind}`, lang: said.language || undefined },
    said.subject && said.subject !== one.conversation.subject ? h("strong", {}, said.subject) : null,
    h("p", {}, said.text),
    said.quoted ? h("details", {}, h("summary", {}, "…"), h("p", {}, said.quoted)) : null,
    said.attachments.length ? h("div", { class: "files" }, said.attachments.map(fileOf)) : null,
    h("footer", {}, who ? h("span", {}, who) : null, h("time", { datetime: said.at }, clockTime(said.at)),
      said.author === "agent" && !said.internal ? progress(one, said) : null));
}

function progress({ conversation }, said) {
  if (said.delivery === "failed") return h("span", { class: "failed", title: said.failure }, t("failed"));
  const how = said.sequence <= conversation.customer_read ? "read"
    : said.sequence <= conversation.customer_got ? "delivered" : said.delivery;
  return h("span", {}, t(how));
}

export function fileOf(file) {
  if (file.scan === "waiting" || file.scan === "infected") {
    return h("span", { class: "chip soft" }, icon("file"), h("span", { class: "cut" }, file.name), t(file.scan === "waiting" ? "shut" : "infected"));
  }
  if (!SHOWN.has(file.media_type)) {
    return h("button", { class: "chip", title: t("save"), onclick: () => save(file).catch(failed) },
      icon("file"), h("span", { class: "cut" }, file.name), h("span", { class: "soft small" }, sizeOf(file.bytes)));
  }
  const image = h("img", { alt: file.name });
  const isLow = () => parts.log && parts.log.scrollHeight - parts.log.scrollTop - parts.log.clientHeight < NEAR_PX;
  pictureOf(file.attachment_id).then((url) => {
    const low = isLow();
    image.onload = () => { if (low) parts.log.scrollTop = parts.log.scrollHeight; };
    image.src = url;
  }, (error) => notice(error.message));
  return h("button", { class: "picture", "aria-label": file.name, onclick: async () => {
    const url = await pictureOf(file.attachment_id);
    const act = await dialog(file.name, (choose) => [
      h("div", { class: "stack" }, h("img", { src: url, alt: file.name }),
        h("div", { class: "row" }, h("button", { class: "main", onclick: () => choose("save") }, t("save")),
          h("button", { onclick: () => choose(null) }, t("back"))))]);
    if (act === "save") save(file).catch(failed);
  } }, image);
}

function compose(one) {
  const isNote = one.noting || one.conversation.state !== "served";
  const text = h("textarea", { rows: "2", "aria-label": t(isNote ? "note" : "reply"),
    placeholder: t(isNote ? "writeNote" : "writeReply"), value: one.draft });
  const chips = h("div", { class: "files" });
  const files = h("input", { type: "file", multiple: true, hidden: true, onchange: () => take(files.files) });
  const tab = (noting, word) => h("button", { type: "button", "aria-pressed": String(isNote === noting),
    disabled: !noting && one.conversation.state !== "served",
    onclick: () => { one.noting = noting; refresh(one); parts.text.focus(); } }, t(word));
  const showFiles = () => chips.replaceChildren(...one.files.map((file) => h("span", { class: "chip" },
    icon("clip"), h("span", { class: "cut" }, file.name),
    h("button", { class: "quiet small", type: "button", "aria-label": `${t("remove")} ${file.name}`,
      onclick: () => { one.files = one.files.filter((other) => other !== file); showFiles(); } }, "×"))));
  const take = async (chosen) => {
    for (const file of chosen) {
      try {
        one.files.push(await upload(file));
      } catch (error) {
        notice(error.status === 413 ? t("tooLarge") : error.message);
      }
    }
    showFiles();
  };
  const send = async () => {
    const said = text.value.trim();
    if (!said && !one.files.length) return;
    // Kept until it is committed: sent again after a lost connection, it is said once.
    const wish = one.unsent?.text === said ? one.unsent : { text: said, client_id: newId() };
    one.unsent = wish;
    button.disabled = true;
    try {
      const done = await desk.link.ask(isNote ? "note" : "say", { ...wish,
        conversation_id: one.conversation.conversation_id, attachments: one.files.map((file) => file.attachment_id) });
      one.unsent = undefined;
      one.draft = "";
      one.files = [];
      merge(one, [done.message]);
      text.value = "";
      refresh(one);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      failed(error);
    }
    button.disabled = false;
  };
  const button = h("button", { class: "main row", type: "submit" }, icon("send"), t("send"));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  text.addEventListener("input", () => {
    one.draft = text.value;
    if (!isNote) types(one);
  });
  text.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      take(event.clipboardData.files);
    }
  });
  showFiles();
  parts.text = text;
  return h("form", { class: `compose ${isNote ? "noting" : ""}`, onsubmit: (event) => { event.preventDefault(); send(); },
    ondragover: (event) => event.preventDefault(),
    ondrop: (event) => { event.preventDefault(); take(event.dataTransfer.files); } },
  text, chips, files,
  h("div", { class: "row" }, h("span", { class: "row tabs grow" }, tab(false, "reply"), tab(true, "note")),
    h("button", { class: "quiet row", type: "button", onclick: () => files.click() }, icon("clip"), t("attach")), button));
}

function types(one) {
  const fields = { conversation_id: one.conversation.conversation_id };
  if (Date.now() - typedAt > 3_000) {
    typedAt = Date.now();
    desk.link.tell("typing", { ...fields, typing: true });
  }
  clearTimeout(typingOver);
  typingOver = setTimeout(() => {
    typedAt = 0;
    desk.link.tell("typing", { ...fields, typing: false });
  }, 4_000);
}

let typedBy;

export function tellTyping(typing) {
  if (!parts.typing) return;
  parts.typing.textContent = typing ? `${titleOf(parts.one.conversation)} ${t("typing")}` : "";
  clearTimeout(typedBy);
  if (typing) typedBy = setTimeout(() => tellTyping(false), 10_000);
}

// Adds a message below, without moving who reads further up.
export function tellMessage(one, said) {
  if (parts.one !== one || !parts.log) return;
  const low = parts.log.scrollHeight - parts.log.scrollTop - parts.log.clientHeight < NEAR_PX;
  parts.log.append(bubble(one, said));
  if (low) parts.log.scrollTop = parts.log.scrollHeight;
  if (said.author === "customer") tellTyping(false);
  mark(one);
}

function mark(one) {
  if (document.hidden || !unreadOf(one)) return;
  const { conversation } = one;
  const sequence = one.messages.at(-1).sequence;
  conversation.agent_read = sequence;
  desk.link.ask("mark", { conversation_id: conversation.conversation_id, sequence }).catch(failed);
  list();
}

addEventListener("visibilitychange", () => {
  const one = desk.conversations.get(desk.chosen);
  if (one && !document.hidden) mark(one);
});

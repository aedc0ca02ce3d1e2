// The chat widget. A page shows it with one line:
//
//   <script type="module" src="https://CHAT/chat/v1/widget.js" data-warmline="WIDGET"></script>
//
// A site whose users are signed in sets, before that line,
//   window.warmlineChat = { identity: async () => "the user's JSON Web Token" };

import { ChatConnection } from "./connection.js";
import { TEXTS, languageOf } from "./texts.js";

const BASE = new URL("../..", import.meta.url).href;
const TYPING_MS = 3000;
const ICONS = {
  chat: "M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8a2.5 2.5 0 0 1-2.5 2.5H10l-4.2 3.6c-.5.4-1.3.1-1.3-.6V15.7A2.5 2.5 0 0 1 4 13.5z",
  close: "M6.2 6.2 17.8 17.8M17.8 6.2 6.2 17.8",
  send: "M4 12 20 4.5 15.5 20 11.5 13.5z",
  clip: "M8 12.5 13.8 6.7a3 3 0 0 1 4.3 4.3l-7.6 7.6a4.7 4.7 0 0 1-6.7-6.7l7.3-7.2",
  file: "M7 3h7l4 4v12.5A1.5 1.5 0 0 1 16.5 21h-9A1.5 1.5 0 0 1 6 19.5v-15A1.5 1.5 0 0 1 7 3zM14 3v4h4",
};

function icon(name) {
  const filled = name === "send" || name === "chat";
  const style = filled ? 'fill="currentColor"' : 'fill="none" stroke="currentColor"';
  return (
    `<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" ${style} ` +
    `stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path d="${ICONS[name]}"/></svg>`
  );
}

// Make an element; text is always text, never HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((one) => one !== null));
  return element;
}

class Widget {
  constructor(host, id) {
    const settings = window.warmlineChat || {};
    this.offered = ["en", "zh"];
    this.key = `warmline-chat:${id}:language`;
    this.language = languageOf(
      settings.language || this.chosen(),
      navigator.languages || [navigator.language],
      this.offered,
    );
    this.connection = new ChatConnection({
      base: BASE,
      widget: id,
      identity: settings.identity,
      language: this.language,
      storage: localStorage,
    });
    this.messages = new Map();
    this.files = [];
    this.title = {};
    this.notice = {};
    this.status = null;
    this.agentTyping = false;
    this.agentRead = 0;
    this.readMark = 0;
    this.unread = 0;
    this.shown = false;
    this.root = host.attachShadow({ mode: "open" });
    this.build();
    this.listen();
    this.words();
    if (this.connection.known) this.connection.open();
  }

  get text() {
    return TEXTS[this.language];
  }

  chosen() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null;
    }
  }

  build() {
    this.launcher = make("button", { class: "launcher", "aria-expanded": "false", onclick: () => this.toggle() });
    this.launcher.innerHTML = icon("chat");
    this.badge = make("span", { class: "badge", hidden: true });
    this.launcher.append(this.badge);
    this.heading = make("h2", { id: "title" });
    this.sub = make("p", { class: "sub", role: "status" });
    this.languageButton = make("button", { class: "quiet", onclick: () => this.switchLanguage() });
    this.endButton = make("button", { class: "quiet", hidden: true, onclick: () => this.askEnd() });
    this.closeButton = make("button", { class: "quiet icon", onclick: () => this.toggle() });
    this.closeButton.innerHTML = icon("close");
    const head = make(
      "header",
      {},
      make("div", { class: "avatar", "aria-hidden": "true" }),
      make("div", { class: "names" }, this.heading),
      make("div", { class: "tools" }, this.languageButton, this.endButton, this.closeButton),
    );
    this.banner = make("p", { class: "banner", role: "status", hidden: true });
    this.welcome = make("div", { class: "welcome" });
    this.list = make("ol", { class: "list", role: "log", "aria-live": "polite", "aria-relevant": "additions" });
    this.typingLine = make("p", { class: "typing", hidden: true });
    this.scroll = make("div", { class: "scroll", tabindex: "0" }, this.welcome, this.list, this.typingLine);
    this.tray = make("ul", { class: "tray", hidden: true });
    this.fault = make("p", { class: "fault", role: "alert", hidden: true });
    this.input = make("textarea", { rows: "1", dir: "auto", onkeydown: (e) => this.key_(e), oninput: () => this.typed(), onpaste: (e) => this.pasted(e) });
    this.picker = make("input", { type: "file", multiple: true, hidden: true, onchange: () => this.picked() });
    this.attachButton = make("button", { type: "button", class: "icon", onclick: () => this.picker.click() });
    this.attachButton.innerHTML = icon("clip");
    this.sendButton = make("button", { class: "icon primary" });
    this.sendButton.innerHTML = icon("send");
    const form = make("form", { onsubmit: (e) => this.submit(e) }, this.attachButton, this.input, this.sendButton, this.picker);
    this.asking = make("div", { class: "asking", hidden: true, role: "alertdialog" });
    this.panel = make(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (e) => e.key === "Escape" && this.toggle(), ondragover: (e) => e.preventDefault(), ondrop: (e) => this.dropped(e) },
      head, this.sub, this.banner, this.scroll, this.tray, this.fault, form, this.asking,
    );
    const style = make("link", { rel: "stylesheet", href: `${BASE}chat/v1/widget.css` });
    // Nothing is seen before the style is there.
    const all = make("div", { class: "all", hidden: true }, this.panel, this.launcher);
    style.onload = () => (all.hidden = false);
    this.root.append(style, all);
  }

  listen() {
    const on = (kind, call) => this.connection.addEventListener(kind, (e) => call(e.detail));
    on("ticket", (given) => {
      this.title = given.title;
      this.notice = given.notice;
      if (given.languages.length) this.offered = given.languages;
      if (!this.offered.includes(this.language)) this.language = this.offered[0];
      this.words();
    });
    on("state", () => this.words());
    on("reset", () => {
      this.messages.clear();
      this.list.replaceChildren();
      this.showWaiting();
    });
    on("welcome", (m) => {
      this.readMark = m.conversation?.read || 0;
      this.words();
    });
    on("message", (m) => this.arrived(m));
    on("live", () => {
      this.showWaiting();
      this.seen();
    });
    on("accepted", (m) => this.settle(m.client_id, "sent", m.sequence));
    on("error", (m) => {
      if (m.client_id) this.settle(m.client_id, "failed");
      const say = this.text.errors[m.code];
      if (say) this.complain(say(m.limit));
    });
    on("mark", (m) => {
      if (m.by === "agent" && m.what === "read") {
        this.agentRead = Math.max(this.agentRead, m.sequence);
        this.showRead();
      } else if (m.by === "customer" && m.what === "read") {
        this.readMark = Math.max(this.readMark, m.sequence);
        this.count();
      }
    });
    on("typing", (m) => {
      this.agentTyping = m.typing;
      clearTimeout(this.agentTypingTimer);
      if (m.typing) this.agentTypingTimer = setTimeout(() => { this.agentTyping = false; this.showTyping(); }, 10000);
      this.showTyping();
    });
    on("status", (m) => {
      this.status = m;
      this.words();
    });
    addEventListener("focus", () => this.seen());
  }

  // What the customer sees.

  words() {
    const text = this.text;
    this.panel.lang = this.launcher.lang = this.language === "zh" ? "zh-CN" : "en";
    this.heading.textContent = this.title[this.language] || text.title;
    this.sub.textContent = this.subtitle();
    this.sub.hidden = !this.sub.textContent;
    this.sub.classList.toggle("served", this.status?.state === "served");
    this.languageButton.textContent = text.language;
    this.languageButton.setAttribute("aria-label", text.languageLabel);
    this.languageButton.hidden = this.offered.length < 2;
    this.endButton.textContent = text.end;
    this.endButton.hidden = !["waiting", "served", "parked"].includes(this.status?.state);
    this.closeButton.setAttribute("aria-label", text.close);
    this.input.placeholder = text.placeholder;
    this.input.setAttribute("aria-label", text.placeholder);
    this.sendButton.setAttribute("aria-label", text.send);
    this.attachButton.setAttribute("aria-label", text.attach);
    this.scroll.setAttribute("aria-label", this.heading.textContent);
    const state = this.connection.state;
    const banner = { offline: text.offline, refused: text.refused }[state] || "";
    this.banner.textContent = banner;
    this.banner.hidden = !banner;
    this.input.disabled = this.attachButton.disabled = this.sendButton.disabled = state === "refused";
    this.welcome.replaceChildren(
      make("p", { class: "greeting" }, text.greeting),
      make("p", { class: "hint" }, text.hint),
      ...(this.notice[this.language] ? [make("p", { class: "notice" }, this.notice[this.language])] : []),
    );
    for (const entry of this.messages.values()) this.showState(entry);
    this.showTyping();
    this.count();
    this.showRead();
  }

  subtitle() {
    const text = this.text;
    const { state } = this.connection;
    if (state === "connecting") return text.connecting;
    if (state === "refused" || state === "offline") return "";
    const status = this.status;
    if (!status) return "";
    if (status.state === "served") return text.served(status.agent);
    if (status.state === "parked") return text.parked;
    if (status.state === "closed") return this.messages.size ? text.ended : "";
    if (status.position == null) return text.waiting;
    const wait = status.expected_wait_s == null ? "" : ` · ${text.wait(status.expected_wait_s)}`;
    return text.position(status.position) + wait;
  }

  arrived(m) {
    const key = m.client_id || `s${m.sequence}`;
    let entry = this.messages.get(key);
    if (!entry) {
      entry = this.add(key, { author: m.author, text: m.text, at: new Date(m.at), files: m.attachments });
    } else if (m.attachments.length) {
      this.showFiles(entry, m.attachments);
    }
    entry.sequence = m.sequence;
    entry.at = new Date(m.at);
    entry.state = "sent";
    if (m.author === "agent") this.agentTyping = false;
    // Its place is by sequence; what is not yet stored stands below all that is.
    const after = [...this.list.children].find((one) => {
      const other = this.messages.get(one.dataset.key);
      return other !== entry && (!other.sequence || other.sequence > m.sequence);
    });
    if (after && entry.element.nextSibling !== after) this.list.insertBefore(entry.element, after);
    this.showState(entry);
    this.showRead();
    this.showTyping();
    this.group();
    this.toEnd(m.author === "customer");
    this.seen();
  }

  add(key, { author, text, at, files }) {
    const body = make("div", { class: "bubble", dir: "auto" });
    if (text) body.append(make("p", {}, text));
    const meta = make("span", { class: "meta" });
    const who = make("span", { class: "hidden" });
    const element = make("li", { class: author, "data-key": key }, who, body, meta);
    const entry = { element, body, meta, who, author, at, state: "sending", sequence: 0, key };
    this.messages.set(key, entry);
    this.showFiles(entry, files);
    this.list.append(element);
    this.showState(entry);
    this.group();
    return entry;
  }

  showFiles(entry, files) {
    entry.body.querySelectorAll(".file").forEach((one) => one.remove());
    for (const file of files || []) entry.body.append(this.fileOf(file));
  }

  fileOf(file) {
    if (!file.url) return make("span", { class: "file" }, file.name);
    if (!file.opens) return make("span", { class: "file" }, this.text.blocked);
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.media_type)) {
      const image = make("img", { class: "file", alt: file.name, tabindex: "0" });
      this.connection.fetchFile(file.url).then(
        (blob) => {
          image.onload = () => this.toEnd(false);
          image.src = URL.createObjectURL(blob);
        },
        () => image.replaceWith(make("span", { class: "file" }, file.name)),
      );
      image.onclick = () => this.download(file);
      return image;
    }
    const button = make("button", { class: "file", type: "button", onclick: () => this.download(file) });
    button.innerHTML = icon("file");
    button.append(make("span", {}, file.name));
    button.setAttribute("aria-label", `${this.text.download}: ${file.name}`);
    return button;
  }

  async download(file) {
    const url = URL.createObjectURL(await this.connection.fetchFile(file.url));
    make("a", { href: url, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }

  showState(entry) {
    const text = this.text;
    const time = entry.at.toLocaleTimeString(this.language === "zh" ? "zh-CN" : undefined, { hour: "2-digit", minute: "2-digit" });
    entry.who.textContent = entry.author === "customer" ? `${text.you}: ` : `${this.status?.agent || text.agent}: `;
    entry.element.classList.toggle("sending", entry.state === "sending");
    entry.element.classList.toggle("failed", entry.state === "failed");
    if (entry.state === "failed") {
      const retry = make("button", { type: "button", class: "link", onclick: () => { entry.state = "sending"; this.showState(entry); this.connection.retry(entry.key); } }, text.retry);
      entry.meta.replaceChildren(`${text.failed} · `, retry);
    } else {
      const word = entry.state === "sending" ? text.sending : entry.read ? text.read : entry.author === "customer" ? text.sent : "";
      entry.meta.textContent = word && entry.tail ? `${time} · ${word}` : time;
    }
  }

  // Only the newest of the customer's messages says how far it has come.
  showRead() {
    const own = [...this.messages.values()].filter((one) => one.author === "customer" && one.sequence);
    const newest = own.reduce((a, b) => (b.sequence > (a?.sequence || 0) ? b : a), null);
    for (const entry of this.messages.values()) {
      entry.tail = entry === newest || !entry.sequence;
      entry.read = entry.author === "customer" && entry.sequence && entry.sequence <= this.agentRead;
      this.showState(entry);
    }
  }

  // Consecutive messages of one side within two minutes stand together and share a time.
  group() {
    const all = [...this.list.children].map((one) => this.messages.get(one.dataset.key));
    all.forEach((entry, i) => {
      const next = all[i + 1];
      const together = next && next.author === entry.author && next.at - entry.at < 120000;
      entry.element.classList.toggle("joined", Boolean(together) && entry.state === "sent");
    });
  }

  showTyping() {
    const name = this.status?.agent || this.text.someone;
    this.typingLine.hidden = !this.agentTyping;
    this.typingLine.replaceChildren(make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), make("span", { class: "hidden" }, `${name} ${this.text.typing}`));
    if (this.agentTyping) this.toEnd(false);
  }

  showWaiting() {
    for (const one of this.connection.outbox) {
      if (!this.messages.has(one.client_id)) {
        this.add(one.client_id, { author: "customer", text: one.text, at: new Date(), files: one.attachments });
      }
      if (one.refused) this.settle(one.client_id, "failed");
    }
  }

  settle(client_id, state, sequence) {
    const entry = this.messages.get(client_id);
    if (!entry || (entry.state === "sent" && state === "failed")) return;
    entry.state = state;
    if (sequence) entry.sequence = sequence;
    this.showState(entry);
    this.showRead();
  }

  toEnd(always) {
    const { scroll } = this;
    const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 160;
    if (always || near) requestAnimationFrame(() => (scroll.scrollTop = scroll.scrollHeight));
  }

  // What has been shown is read, and what has come while nobody looked is counted.
  seen() {
    const looking = this.shown && document.visibilityState === "visible" && document.hasFocus();
    const newest = this.connection.after;
    if (looking && this.connection.live && newest > this.readMark) {
      this.readMark = newest;
      this.connection.mark("read", newest);
    }
    this.count();
  }

  count() {
    this.unread = [...this.messages.values()].filter((one) => one.author !== "customer" && one.sequence > this.readMark).length;
    this.badge.hidden = !this.unread || this.shown;
    this.badge.textContent = this.unread > 9 ? "9+" : String(this.unread);
    this.launcher.setAttribute("aria-label", this.unread && !this.shown ? this.text.openUnread(this.unread) : this.shown ? this.text.close : this.text.open);
  }

  complain(words) {
    this.fault.textContent = words;
    this.fault.hidden = false;
    clearTimeout(this.faultTimer);
    this.faultTimer = setTimeout(() => (this.fault.hidden = true), 8000);
  }

  // What the customer does.

  toggle() {
    this.shown = !this.shown;
    this.panel.hidden = !this.shown;
    this.root.querySelector(".all").classList.toggle("shown", this.shown);
    this.launcher.setAttribute("aria-expanded", String(this.shown));
    if (this.shown) {
      this.connection.open();
      this.input.focus();
      this.toEnd(true);
      this.seen();
    } else {
      this.launcher.focus();
    }
    this.count();
  }

  switchLanguage() {
    this.language = this.language === "zh" ? "en" : "zh";
    this.connection.language = this.language;
    try {
      localStorage.setItem(this.key, this.language);
    } catch {
      // It is asked of the browser again next time.
    }
    this.words();
  }

  key_(event) {
    // Enter that ends a Chinese input method's word does not send.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.submit(event);
  }

  typed() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 132)}px`;
    const now = Date.now();
    if (this.input.value && now - (this.typedAt || 0) > TYPING_MS) {
      this.typedAt = now;
      this.connection.typing(true);
    }
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.stopTyping(), TYPING_MS * 2);
  }

  stopTyping() {
    if (this.typedAt) this.connection.typing(false);
    this.typedAt = 0;
  }

  async submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    const limit = this.connection.limits.text_characters;
    if ([...text].length > limit) return this.complain(this.text.errors["too-long"](limit));
    const files = this.files;
    if (!text && !files.length) return;
    if (files.length && !this.connection.live) return this.complain(this.text.offline);
    this.stopTyping();
    clearTimeout(this.typingTimer);
    let sent = [];
    if (files.length) {
      this.sendButton.disabled = true;
      this.complain(this.text.uploading);
      try {
        sent = await Promise.all(files.map(({ file }) => this.connection.upload(file)));
        this.fault.hidden = true;
      } catch {
        return this.complain(this.text.errors.file());
      } finally {
        this.sendButton.disabled = false;
      }
    }
    this.input.value = "";
    this.input.style.height = "auto";
    this.dropFiles();
    const key = this.connection.say(text, sent);
    if (!this.messages.has(key)) this.add(key, { author: "customer", text, at: new Date(), files: sent });
    this.toEnd(true);
    this.input.focus();
  }

  pasted(event) {
    const files = [...(event.clipboardData?.files || [])];
    if (files.length) {
      event.preventDefault();
      this.take(files);
    }
  }

  dropped(event) {
    event.preventDefault();
    this.take([...(event.dataTransfer?.files || [])]);
  }

  picked() {
    this.take([...this.picker.files]);
    this.picker.value = "";
  }

  take(files) {
    const { attachments, attachment_bytes } = this.connection.limits;
    for (const file of files) {
      if (this.files.length >= attachments) {
        this.complain(this.text.errors.files(attachments));
        break;
      }
      if (file.size > attachment_bytes) {
        this.complain(this.text.errors.large(Math.floor(attachment_bytes / 1048576)));
        continue;
      }
      const url = file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
      this.files.push({ file, url });
    }
    this.showTray();
    this.input.focus();
  }

  showTray() {
    this.tray.hidden = !this.files.length;
    this.tray.replaceChildren(
      ...this.files.map((one) => {
        const remove = make("button", { type: "button", "aria-label": `${this.text.remove}: ${one.file.name}`, onclick: () => { this.files = this.files.filter((other) => other !== one); URL.revokeObjectURL(one.url); this.showTray(); } });
        remove.innerHTML = icon("close");
        const preview = one.url ? make("img", { src: one.url, alt: "" }) : make("span", { class: "kind" });
        if (!one.url) preview.innerHTML = icon("file");
        return make("li", {}, preview, make("span", { class: "name" }, one.file.name), remove);
      }),
    );
  }

  dropFiles() {
    this.files.forEach((one) => URL.revokeObjectURL(one.url));
    this.files = [];
    this.showTray();
  }

  askEnd() {
    const text = this.text;
    const done = () => { this.asking.hidden = true; this.input.focus(); };
    const yes = make("button", { class: "danger", onclick: () => { this.connection.leave(); done(); this.status = { state: "closed" }; this.words(); } }, text.endYes);
    const no = make("button", { class: "quiet", onclick: done }, text.endNo);
    this.asking.replaceChildren(make("div", {}, make("p", { id: "ask" }, text.endAsk), make("div", { class: "choice" }, no, yes)));
    this.asking.setAttribute("aria-labelledby", "ask");
    this.asking.hidden = false;
    no.focus();
  }
}

const script = document.querySelector("script[data-warmline]");
const host = make("warmline-chat");
document.body.append(host);
new Widget(host, script?.dataset.warmline || "");

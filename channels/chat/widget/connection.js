// The connection to the chat: tickets, the WebSocket, rejoining, and an outbox that loses nothing.
//
// Written from docs/protocols/chat.md. It tells of everything by events: "state", "message",
// "accepted", "mark", "typing", "status", "error", "welcome", "live", "reset".

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30000;
// A message that was not answered for so long was sent into a connection that is gone.
const ANSWER_MS = 15000;
const FINAL = new Set([4400, 4403, 4406]);

export class ChatConnection extends EventTarget {
  // base: URL of the server; widget: id of the configuration; identity: async function that
  // returns the site's token of a signed-in user, or "".
  constructor({ base, widget, identity, language, storage }) {
    super();
    this.base = base.replace(/\/$/, "");
    this.widget = widget;
    this.identity = identity;
    this.language = language;
    this.storage = storage;
    this.key = `warmline-chat:${widget}`;
    const kept = this.read();
    this.visitor = kept.visitor || "";
    this.outbox = (kept.outbox || []).slice(0, 50);
    this.conversation = null;
    this.after = 0;
    this.limits = { text_characters: 5000, attachments: 10, attachment_bytes: 10485760 };
    this.state = "closed";
    this.failures = 0;
    this.wanted = false;
    this.live = false;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
  }

  // Whether this browser has been here before.
  get known() {
    return this.visitor !== "";
  }

  open() {
    this.wanted = true;
    if (this.state === "closed") this.connect();
  }

  // Put a message on its way; it is sent as soon as that is possible, once.
  say(text, attachments = []) {
    const entry = { client_id: crypto.randomUUID?.() || randomId(), text, attachments };
    this.outbox.push(entry);
    this.keep();
    this.open();
    this.flush();
    return entry.client_id;
  }

  retry(client_id) {
    const entry = this.outbox.find((one) => one.client_id === client_id);
    if (entry) {
      delete entry.refused;
      this.flush();
    }
  }

  typing(typing) {
    if (this.live) this.send({ type: "typing", typing });
  }

  mark(what, sequence) {
    if (this.live && sequence > 0) this.send({ type: "mark", what, sequence });
  }

  leave() {
    if (!this.live) return;
    this.send({ type: "leave" });
    this.wanted = false;
  }

  async upload(file) {
    const answer = await fetch(`${this.base}/chat/v1/attachments`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${this.session}`,
        "Content-Type": file.type || "application/octet-stream",
        "X-File-Name": encodeURIComponent(file.name || "file"),
      },
      body: file,
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async fetchFile(url) {
    const answer = await fetch(this.base + url, {
      headers: { Authorization: `Bearer ${this.session}` },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.blob();
  }

  // Within.

  async connect() {
    this.become("connecting");
    clearTimeout(this.timer);
    let given;
    try {
      const identity = this.identity ? await this.identity() : "";
      const answer = await fetch(`${this.base}/chat/v1/tickets`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ widget: this.widget, visitor: this.visitor, identity }),
      });
      if ([401, 403, 404, 422].includes(answer.status)) return this.become("refused");
      if (!answer.ok) return this.again(Number(answer.headers.get("Retry-After")) * 1000);
      given = await answer.json();
    } catch {
      return this.again(0);
    }
    this.visitor = given.visitor;
    this.keep();
    this.tell("ticket", given);
    const socket = new WebSocket(`${this.base.replace(/^http/, "ws")}/chat/v1/socket`);
    this.socket = socket;
    socket.onopen = () => {
      const resume = this.conversation && {
        conversation_id: this.conversation,
        after: this.after,
      };
      this.send({
        type: "hello",
        version: 1,
        ticket: given.ticket,
        language: this.language,
        resume,
      });
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.live = false;
      clearTimeout(this.answerTimer);
      if (FINAL.has(event.code)) this.become("refused");
      else if (this.wanted) this.again(0);
      else this.become("closed");
    };
  }

  take(message) {
    if (message.type === "welcome") {
      this.session = message.session;
      this.limits = message.limits;
      if (!message.resumed) {
        this.after = 0;
        this.tell("reset");
      }
      this.conversation = message.conversation?.conversation_id || null;
    } else if (message.type === "live") {
      this.live = true;
      this.failures = 0;
      this.become("open");
      this.flush();
    } else if (message.type === "message") {
      if (message.sequence <= this.after) return;
      this.after = message.sequence;
      if (this.live) this.mark("delivered", message.sequence);
    } else if (message.type === "accepted") {
      this.conversation = message.conversation_id;
      this.done(message.client_id);
    } else if (message.type === "error") {
      const entry = this.outbox.find((one) => one.client_id === message.client_id);
      if (entry && message.code === "too-fast") {
        setTimeout(() => this.flush(true), (message.retry_after_s || 1) * 1000);
        return;
      }
      if (entry) entry.refused = message.code;
      clearTimeout(this.answerTimer);
    }
    this.tell(message.type, message);
    if (message.type === "live" && this.after) this.mark("delivered", this.after);
  }

  done(client_id) {
    this.outbox = this.outbox.filter((one) => one.client_id !== client_id);
    this.keep();
    clearTimeout(this.answerTimer);
    if (this.outbox.some((one) => !one.refused)) this.expectAnswer();
  }

  // Send what waits. Sent again after a lost connection, a message is stored once.
  flush(again = false) {
    if (!this.live) return;
    let sent = false;
    for (const entry of this.outbox) {
      if (entry.refused || (entry.socket === this.socket && !again)) continue;
      const { client_id, text, attachments } = entry;
      this.send({
        type: "message",
        client_id,
        text,
        attachments: attachments.map((one) => one.attachment_id),
      });
      Object.defineProperty(entry, "socket", {
        value: this.socket,
        enumerable: false,
        configurable: true,
      });
      sent = true;
    }
    if (sent) this.expectAnswer();
  }

  expectAnswer() {
    clearTimeout(this.answerTimer);
    this.answerTimer = setTimeout(() => this.socket?.close(), ANSWER_MS);
  }

  again(leastMs) {
    this.failures += 1;
    const most = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.failures - 1));
    const wait = Math.max(leastMs || 0, most * (0.5 + Math.random() / 2));
    this.become(navigator.onLine === false || this.failures > 1 ? "offline" : "connecting");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  hurry() {
    if (!this.wanted || this.socket || this.state === "refused" || !this.timer) return;
    clearTimeout(this.timer);
    this.failures = Math.min(this.failures, 1);
    this.timer = setTimeout(() => this.connect(), 100);
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.tell("state");
  }

  tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  read() {
    try {
      return JSON.parse(this.storage.getItem(this.key)) || {};
    } catch {
      return {};
    }
  }

  keep() {
    try {
      const kept = { ...this.read(), visitor: this.visitor, outbox: this.outbox };
      this.storage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing still chats; it is a new visitor next time.
    }
  }
}

function randomId() {
  // crypto.randomUUID is missing on pages without TLS.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

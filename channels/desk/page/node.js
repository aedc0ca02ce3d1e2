// The node as the page asks it: HTTP with the token, and the desk's WebSocket that comes back.

export const session = {
  get token() { return sessionStorage.getItem("token") || ""; },
  get agent() { return sessionStorage.getItem("agent") || ""; },
  keep(agent, token) {
    sessionStorage.setItem("agent", agent);
    sessionStorage.setItem("token", token);
  },
  forget() {
    sessionStorage.removeItem("token");
  },
};

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${session.token}`, ...options.headers };
  const answer = await fetch(path, { ...options, headers, credentials: "omit" });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, problem.detail || answer.statusText);
  }
  return answer;
}

export const read = async (path) => (await ask(path)).json();

export async function upload(file) {
  const headers = {
    "Content-Type": file.type || "application/octet-stream",
    "X-File-Name": encodeURIComponent(file.name || "image.png"),
  };
  return (await ask("/api/v1/attachments", { method: "POST", body: file, headers })).json();
}

const pictures = new Map();
const PICTURES_MAX = 100;

// The content asks for the token, so a picture is fetched and shown from memory.
export async function pictureOf(id) {
  if (!pictures.has(id)) {
    const loading = ask(`/api/v1/attachments/${id}/content`)
      .then((answer) => answer.blob())
      .then((blob) => URL.createObjectURL(blob));
    pictures.set(id, loading);
    loading.catch(() => pictures.delete(id));
    if (pictures.size > PICTURES_MAX) {
      const [oldest, url] = pictures.entries().next().value;
      pictures.delete(oldest);
      url.then((gone) => URL.revokeObjectURL(gone), () => {});
    }
  }
  return pictures.get(id);
}

export async function save(attachment) {
  const answer = await ask(`/api/v1/attachments/${attachment.attachment_id}/content?save=true`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = attachment.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const AWAY_MS_MAX = 30_000;
const ANSWER_MS = 20_000;

export class Link {
  constructor(onMessage, onStatus) {
    this.onMessage = onMessage;
    this.onStatus = onStatus;
    this.waiting = new Map();
    this.refs = 0;
    this.tries = 0;
    this.ended = false;
  }

  open() {
    this.onStatus(this.tries ? "lost" : "connecting");
    const base = location.origin.replace(/^http/, "ws");
    const path = `/api/v1/agents/${encodeURIComponent(session.agent)}/desk`;
    this.socket = new WebSocket(base + path, ["warmline.desk.v1", `bearer.${session.token}`]);
    this.socket.onopen = () => {
      this.tries = 0;
      this.onStatus("connected");
    };
    this.socket.onmessage = (event) => this.take(JSON.parse(event.data));
    this.socket.onclose = () => this.comeBack();
  }

  end() {
    this.ended = true;
    this.socket?.close();
  }

  take(told) {
    if (told.type === "done" || told.type === "error") {
      const waiting = this.waiting.get(told.ref);
      this.waiting.delete(told.ref);
      if (!waiting) return;
      clearTimeout(waiting.timer);
      if (told.type === "done") waiting.resolve(told);
      else waiting.reject(new Refused(0, told.detail));
      return;
    }
    this.onMessage(told);
  }

  comeBack() {
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Refused(0, "connection"));
    }
    this.waiting.clear();
    if (this.ended) return;
    this.tries += 1;
    this.onStatus("lost");
    const longest = Math.min(AWAY_MS_MAX, 1000 * 2 ** (this.tries - 1));
    setTimeout(() => this.ended || this.open(), longest * (0.5 + Math.random() / 2));
  }

  tell(type, fields) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type, ...fields }));
  }

  ask(type, fields) {
    if (this.socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Refused(0, "connection"));
    }
    const ref = String(++this.refs);
    return new Promise((resolve, reject) => {
      const late = () => {
        this.waiting.delete(ref);
        reject(new Refused(0, "connection"));
      };
      this.waiting.set(ref, { resolve, reject, timer: setTimeout(late, ANSWER_MS) });
      this.socket.send(JSON.stringify({ type, ref, ...fields }));
    });
  }
}

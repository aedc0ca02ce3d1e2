// Elements from code. Text is only ever text: nothing here reads HTML.

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const PATHS = {
  chat: "M4 5h16v10H9l-5 4z",
  message: "M7 3h10v18H7zM11 18h2",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  voice: "M6 3h4l1 5-2 1a10 10 0 0 0 6 6l1-2 5 1v4c0 2-2 3-4 3C10 20 4 12 3 7c0-2 1-4 3-4z",
  ticket: "M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4z",
  offer: "M12 3l3 6 6 1-4 4 1 6-6-3-6 3 1-6-4-4 6-1z",
  identity: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c1-5 4-7 8-7s7 2 8 7",
  clip: "M8 12l6-6a3 3 0 0 1 4 4l-8 8a5 5 0 0 1-7-7l8-8",
  file: "M6 3h8l4 4v14H6zM14 3v5h4",
  send: "M3 12l18-8-6 17-3-7z",
  back: "M15 5l-7 7 7 7",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.file);
  svg.append(path);
  return svg;
}

let hiding;

export function notice(text) {
  const place = document.getElementById("notice");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 6_000);
}

// Asks in a dialog; resolves to what the chosen button stands for, or null.
export function dialog(title, build) {
  return new Promise((resolve) => {
    let chosen = null;
    const box = h("dialog", { "aria-label": title, onclose: () => { box.remove(); resolve(chosen); } });
    const choose = (value) => { chosen = value; box.close(); };
    box.append(h("h2", {}, title), ...build(choose));
    document.getElementById("dialogs").append(box);
    box.showModal();
  });
}

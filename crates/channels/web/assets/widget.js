// The launcher that a shop adds to its page: <script src="…/widget.js" async></script>. It adds one element with a shadow root
// and one global, `voronka`. The chat itself runs in a frame of its own site: this page can read nothing of it.
// Attributes of the script tag: data-theme="light|dark", data-start="flow".
(() => {
  "use strict";
  const script = document.currentScript;
  // A form or a picture of that name on the page is no chat.
  if (!script || typeof window.voronka?.toggle === "function") return;
  const settings = "__SETTINGS__";
  const base = new URL(".", script.src);
  const chat = new URL(base.href.replace(/\/$/, ""));
  chat.searchParams.set("embed", "1");
  for (const name of ["theme", "start"]) if (script.dataset[name]) chat.searchParams.set(name, script.dataset[name]);

  const STYLE = `
    :host { all: initial !important; color-scheme: light dark !important }
    :host { --accent: ${settings.light[0]}; --on-accent: ${settings.light[1]}; --line: #e4e4e0; --surface: #f7f7f5; --dot: #c2410c }
    @media (prefers-color-scheme: dark) { :host(:not([data-theme=light])) { --accent: ${settings.dark[0]}; --on-accent: ${settings.dark[1]}; --line: #34342f; --surface: #161615; --dot: #fb923c } }
    :host([data-theme=dark]) { --accent: ${settings.dark[0]}; --on-accent: ${settings.dark[1]}; --line: #34342f; --surface: #161615; --dot: #fb923c }
    button { position: fixed; z-index: 2147483000; right: max(20px, env(safe-area-inset-right)); bottom: max(20px, env(safe-area-inset-bottom));
      display: grid; place-items: center; width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
      background: var(--accent); color: var(--on-accent); box-shadow: 0 4px 16px rgb(0 0 0 / .24); -webkit-tap-highlight-color: transparent }
    button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
    button::after { content: ""; position: absolute; top: 0; right: 0; width: 14px; height: 14px; border-radius: 50%; background: var(--dot);
      border: 2px solid var(--surface); display: none }
    button.unread::after { display: block }
    svg { display: block; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
    .shut, .open .talk { display: none } .open .shut { display: block }
    iframe { box-sizing: border-box; position: fixed; z-index: 2147483001; right: 20px; bottom: 88px; width: 380px; height: min(600px, calc(100vh - 108px)); border: 1px solid var(--line);
      border-radius: 16px; background: var(--surface); box-shadow: 0 4px 16px rgb(0 0 0 / .24); visibility: hidden; opacity: 0; transform: translateY(8px);
      transition: opacity .16s, transform .16s, visibility 0s .16s }
    iframe.open { visibility: visible; opacity: 1; transform: none; transition-delay: 0s }
    @media (max-width: 480px), (max-height: 420px) {
      iframe { inset: 0; width: 100%; height: 100%; height: 100dvh; border: 0; border-radius: 0 }
      button.open { visibility: hidden }
    }
    @media (prefers-reduced-motion: reduce) { iframe { transition: none } }
    @media print { button, iframe { display: none } }`;

  const host = document.createElement("voronka-chat");
  if (script.dataset.theme) host.dataset.theme = script.dataset.theme;
  const root = host.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.appendChild(document.createElement("style")).textContent = STYLE;
  }

  const SVG = "http://www.w3.org/2000/svg";
  const icon = (name, path) => {
    const svg = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ class: name, viewBox: "0 0 24 24", width: 28, height: 28, "aria-hidden": "true" })) svg.setAttribute(key, value);
    svg.appendChild(document.createElementNS(SVG, "path")).setAttribute("d", path);
    return svg;
  };
  const button = document.createElement("button");
  button.type = "button";
  button.id = "voronka-launcher";
  button.append(icon("talk", "M4 12a8 8 0 1 1 3.6 6.7L4 20l1.1-3.7A8 8 0 0 1 4 12zM8.5 12h.01M12 12h.01M15.5 12h.01"), icon("shut", "M6 9l6 6 6-6"));
  root.append(button);

  let frame = null;
  let open = false;
  let ready = false;
  let unread = 0;
  let told = "";
  const FLAG = "voronka:" + base.pathname;
  const remember = () => { try { localStorage.setItem(FLAG, "1"); } catch { /* Storage is off: nothing is preloaded then. */ } };
  const remembered = () => { try { return localStorage.getItem(FLAG) === "1"; } catch { return false; } };
  const tell = (kind) => { if (ready) frame.contentWindow.postMessage({ voronka: kind }, chat.origin); };

  const load = () => {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = settings.title || "Chat";
    frame.id = "voronka-frame";
    frame.referrerPolicy = "no-referrer";
    // A visitor who is asked where they are may say so from any site that has the chat.
    frame.allow = "geolocation";
    frame.addEventListener("load", () => { ready = true; tell(open ? "shown" : "hidden"); });
    frame.src = chat.href;
    root.insertBefore(frame, button);
  };
  const show = () => {
    const label = open ? settings.close : settings.open + (unread ? ": " + (told || settings.unread) : "");
    button.classList.toggle("open", open);
    button.classList.toggle("unread", unread > 0 && !open);
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", label);
    button.title = label;
    if (frame) {
      frame.classList.toggle("open", open);
      frame.inert = !open;
    }
  };
  const set = (value) => {
    if (open === value) return;
    open = value;
    if (open) {
      load();
      remember();
      unread = 0;
    }
    show();
    tell(open ? "shown" : "hidden");
    if (open) frame.focus();
    else button.focus({ preventScroll: true });
  };

  button.addEventListener("click", () => set(!open));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && open && !event.defaultPrevented) set(false);
  });
  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== chat.origin) return;
    const { voronka, count, label } = event.data || {};
    if (voronka === "close") set(false);
    if (voronka === "unread" && Number.isInteger(count)) {
      unread = count;
      told = typeof label === "string" ? label : "";
      show();
    }
  });

  const begin = () => {
    // Beside the page's body: whatever moves, fades or replaces that leaves the chat alone.
    document.documentElement.append(host);
    show();
    // Whoever talked to the shop before sees the dot when there is an answer; nobody else loads anything.
    if (remembered()) (window.requestIdleCallback || setTimeout)(load);
  };
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);

  window.voronka = Object.freeze({ open: () => set(true), close: () => set(false), toggle: () => set(!open) });
})();

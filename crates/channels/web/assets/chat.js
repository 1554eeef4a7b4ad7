// The chat page. Everything that comes from anywhere is put into the page as text nodes: no markup is ever parsed.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const settings = JSON.parse($("settings").textContent);
  const T = settings.texts;
  const asked = new URLSearchParams(location.search);
  const embedded = asked.has("embed") && parent !== window;
  const say = (name, values) => T[name].replace(/\{(\w+)\}/g, (hole, key) => values[key] ?? hole);
  const el = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };

  // ——— What is kept in this browser: the session, what has not been confirmed yet, and what was read.
  const memory = new Map();
  const store = {
    get(name) {
      try { return JSON.parse(localStorage.getItem(`voronka:${settings.base}:${name}`)); } catch { return memory.get(name) ?? null; }
    },
    set(name, value) {
      memory.set(name, value);
      try {
        const key = `voronka:${settings.base}:${name}`;
        if (value === null) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(value));
      } catch { /* Storage is off: the chat lasts as long as the page. */ }
    },
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const glide = () => (still.matches ? "auto" : "smooth");
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const DAY = 86_400_000;

  const state = {
    token: store.get("token"),
    queue: (store.get("queue") || []).filter((item) => Date.now() - item.at < DAY),
    rows: new Map(), // position → {row, node}
    last: 0,
    read: store.get("read") || 0,
    live: false,
    shown: !embedded,
  };

  // ——— Dates
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const timeOf = new Intl.DateTimeFormat(settings.lang, { hour: "2-digit", minute: "2-digit" });
  const dayOf = new Intl.DateTimeFormat(settings.lang, { day: "numeric", month: "long" });
  const number = new Intl.NumberFormat(settings.lang, { useGrouping: "always" });
  const dayName = (date) => {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / DAY);
    return days === 0 ? T.today : days === 1 ? T.yesterday : dayOf.format(date);
  };

  // ——— Messages
  // Up to five emoji and nothing else: shown large, as people mean them.
  const JUMBO = /^(?:(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2})[\p{Emoji_Modifier}\u{fe0f}\u{20e3}]*(?:\u{200d}\p{Extended_Pictographic}[\p{Emoji_Modifier}\u{fe0f}]*)*\s?){1,5}$/u;
  const isLink = (url) => /^(https?:|tel:|mailto:)/i.test(url);
  const link = (url, attributes, ...children) => {
    const leaves = /^https?:/i.test(url);
    return el("a", { href: url, target: leaves && "_blank", rel: leaves && "noopener noreferrer nofollow", ...attributes }, ...children);
  };
  const words = (message) => {
    const spans = (message.spans || []).filter((span) => span.style !== "link" || isLink(span.url));
    const cuts = [...new Set([0, message.text.length, ...spans.flatMap((span) => [span.from, span.to])])].sort((a, b) => a - b);
    const box = el("span", { class: JUMBO.test(message.text.trim()) ? "words jumbo" : "words", dir: "auto" });
    for (let at = 0; at + 1 < cuts.length; at++) {
      const [from, to] = [cuts[at], cuts[at + 1]];
      let node = document.createTextNode(message.text.slice(from, to));
      for (const span of spans.filter((span) => span.from <= from && to <= span.to)) {
        node = span.style === "link" ? link(span.url, {}, node) : el(span.style === "bold" ? "strong" : "em", {}, node);
      }
      box.append(node);
    }
    return box;
  };
  // What does not come leaves its place empty: nothing jumps, and no broken sign is shown.
  const picture = (url, attributes) => el("img", { src: url, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer",
    onerror: (event) => event.target.replaceWith(el("div", { class: `${attributes.class || ""} blank` })), ...attributes });
  // What was drawn for this visitor is asked for by the session, as the messages are.
  const drawn = (seq, attributes) => {
    const image = picture(undefined, attributes);
    const failed = () => image.dispatchEvent(new Event("error"));
    request(`/drawn/${seq}`).then(async (answer) => {
      if (!answer.ok) return failed();
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
      image.src = URL.createObjectURL(await answer.blob());
    }).catch(failed);
    return image;
  };
  const pictureOf = ({ photo, drawn: seq }, attributes) => photo ? picture(photo, attributes) : seq ? drawn(seq, attributes) : null;
  const press = (button, chosen) => {
    const look = "press";
    if (button.press === "url") return isLink(button.url) ? link(button.url, { class: look }, button.label) : null;
    return el("button", { type: "button", class: look, "data-token": button.token, onclick: () => pressed(button, chosen),
      "aria-label": chosen && `${button.label}: ${chosen}` }, button.label);
  };
  const cardOf = (card, pictured) => el("li", { class: "card" },
    card.photo ? picture(card.photo, { alt: "" }) : pictured ? el("div", { class: "blank" }) : null,
    el("div", { class: "about" },
      el("h2", { dir: "auto" }, card.title),
      card.text ? el("p", { class: "note", dir: "auto" }, card.text) : null,
      card.price ? el("p", { class: "price" }, card.price) : null,
      card.button ? press(card.button, card.title) : null));
  const shelf = (cards) => {
    const pictured = cards.some((card) => card.photo);
    const list = el("ul", { class: "cards", tabindex: "0", "aria-label": T.products }, ...cards.map((card) => cardOf(card, pictured)));
    const turn = (side, path) => el("button", { type: "button", class: `turn ${side}`, tabindex: "-1", "aria-label": T[side], hidden: true,
      onclick: () => list.scrollBy({ left: (side === "back" ? -1 : 1) * list.clientWidth * 0.8, behavior: glide() }) }, icon(path));
    const back = turn("back", "M15 6l-6 6 6 6");
    const forward = turn("forward", "M9 6l6 6-6 6");
    const show = () => {
      back.hidden = list.scrollLeft < 8;
      forward.hidden = list.scrollLeft + list.clientWidth > list.scrollWidth - 8;
    };
    list.addEventListener("scroll", show, { passive: true });
    new ResizeObserver(show).observe(list);
    return el("div", { class: "shelf" }, list, back, forward);
  };
  const icon = (path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of [["viewBox", "0 0 24 24"], ["width", 24], ["height", 24], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path")).setAttribute("d", path);
    return svg;
  };
  const authorName = ({ author, by }) => author === "customer" ? T.you : author === "person" ? by || T.person[0].toUpperCase() + T.person.slice(1)
    : settings.bot ? `${settings.bot} · ${T.bot}` : T.bot[0].toUpperCase() + T.bot.slice(1);

  // One message as a list item; `by` and the corners are set by `arrange`, which knows the neighbours.
  const messageOf = (message) => {
    const mine = message.author === "customer";
    const at = new Date(message.at);
    const shown = pictureOf(message, { class: "picture", alt: T.photo });
    const hasWords = message.text !== "" || !(message.cards || shown);
    const text = hasWords ? el("div", { class: "text" }, words(message), el("span", { class: "stamp" }, el("time", { datetime: message.at }, timeOf.format(at)), mine ? el("span", { class: "mark" }) : null)) : null;
    const links = (message.rows || []).flat().filter((button) => button.press === "url").map((button) => press(button)).filter(Boolean);
    return el("li", { class: `message ${mine ? "mine" : "other"}`, "data-author": message.author, "data-by": message.by, "data-seq": message.seq, "data-id": message.id, "data-at": message.at },
      el("p", { class: mine ? "by unseen" : "by" }, authorName(message)),
      text || shown ? el("div", { class: shown ? "bubble pictured" : "bubble" }, shown, text) : null,
      message.cards ? shelf(message.cards) : null,
      links.length ? el("div", { class: "links" }, ...links) : null);
  };

  const log = $("log");
  const scroll = $("scroll");
  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
  const keepingEnd = (change) => {
    const stay = atEnd();
    change();
    if (stay) toEnd();
    $("newest").hidden = atEnd();
  };

  const arrange = () => {
    // A day's line that may stay is not touched: the log is read aloud when something is added to it.
    const behind = (node) => node.nextElementSibling?.matches(".new") ? node.nextElementSibling.nextElementSibling : node.nextElementSibling;
    for (const day of log.querySelectorAll(".day")) if (!behind(day)?.dataset.author) day.remove();
    let before = null;
    let date = "";
    const items = [...log.children].filter((node) => node.dataset.author);
    items.forEach((node, at) => {
      const now = dayName(new Date(node.dataset.at));
      const above = node.previousElementSibling?.matches(".new") ? node.previousElementSibling : node;
      const line = above.previousElementSibling?.matches(".day") ? above.previousElementSibling : null;
      if (now !== date) {
        if (!line) above.before(el("li", { class: "day" }, now));
        else if (line.textContent !== now) line.textContent = now;
        before = null;
      } else line?.remove();
      date = now;
      const who = (item) => item && item.dataset.author + (item.dataset.by || "");
      const first = who(node) !== before;
      node.classList.toggle("first", first);
      node.classList.toggle("last", who(items[at + 1]) !== who(node));
      node.querySelector(".by").hidden = !first;
      before = who(node);
    });
  };

  const put = (node, seq) => {
    // Positions rule; what has none yet (a message of ours on its way) stays at the end.
    const next = [...log.children].find((other) => other.dataset.author && (!other.dataset.seq || Number(other.dataset.seq) > seq));
    log.insertBefore(node, next || null);
  };

  const received = (message) => keepingEnd(() => {
    if (state.rows.has(message.seq)) return;
    const own = message.author === "customer" && message.id && log.querySelector(`[data-id="${CSS.escape(message.id)}"]`);
    if (own) own.remove();
    if (message.id) forget(message.id);
    state.last = Math.max(state.last, message.seq);
    if (message.silent) {
      state.rows.set(message.seq, { message });
      return;
    }
    const node = messageOf(message);
    if (state.live && !own) node.classList.add("fresh");
    state.rows.set(message.seq, { message, node });
    put(node, message.seq);
    if (message.author !== "customer") {
      draft(null);
      answers(message.author, message.by);
    }
    if (state.live) settled();
  });

  // What became of the visitor's own messages: ✓ the shop has it, ✓✓ it was read, for something was said or is being typed since.
  const mark = (node, name) => {
    const box = node.querySelector(".mark");
    if (!box || box.dataset.mark === name) return;
    box.dataset.mark = name;
    const sign = icon(name === "seen" ? "M2 13l5 5L18 7M12 18L22 7" : "M5 13l5 5L20 7");
    box.replaceChildren(sign, el("span", { class: "unseen" }, T[name]));
  };
  const marks = (typing) => {
    let answered = typing;
    for (const node of [...log.children].reverse()) {
      if (node.dataset.author && node.dataset.author !== "customer") answered = true;
      else if (node.dataset.author && (node.dataset.seq || node.dataset.status === "sent")) mark(node, answered ? "seen" : "delivered");
    }
  };

  // After a change of the log: neighbours, the choices under the last message, what is unread.
  const settled = () => {
    arrange();
    marks(!$("draft").hidden);
    choices();
    unread();
  };

  // ——— Choices: under the last message only, and only while it is ours
  const choices = () => {
    const box = $("choices");
    const newest = state.rows.get(Math.max(0, ...state.rows.keys()))?.message;
    const answered = newest && state.queue.some((item) => item.label !== null && item.after >= newest.seq);
    const key = newest && newest.author !== "customer" && !answered ? String(newest.seq) : "";
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    box.replaceChildren();
    if (!key) return;
    const rows = (newest.rows || []).map((row) => row.filter((button) => button.press === "token")).filter((row) => row.length);
    const shared = (press) => (newest.rows || []).flat().find((button) => button.press === press);
    const [contact, place] = [shared("contact"), shared("place")];
    if (!rows.length && !contact && !place) return;
    box.append(el("div", { class: "replies", role: "group", "aria-label": T.choices },
      ...rows.map((row) => el("div", { class: "row" }, ...row.map((button) => press(button)))),
      contact ? contactForm(contact) : null,
      place && navigator.geolocation ? placeButton(place) : null));
  };

  // The browser asks the visitor itself; whoever says no writes the address.
  const placeButton = (button) => {
    const error = el("p", { class: "error", role: "alert", hidden: true }, T.place_bad);
    const ask = el("button", { type: "button", class: "press main" }, button.label);
    const over = (failed) => {
      ask.disabled = false;
      error.hidden = !failed;
    };
    ask.onclick = () => {
      ask.disabled = true;
      navigator.geolocation.getCurrentPosition(({ coords: { latitude, longitude } }) => {
        over(false);
        post({ place: { latitude, longitude } }, button.label);
      }, () => over(true), { timeout: 15_000, maximumAge: 60_000 });
    };
    return el("div", { class: "place" }, ask, error);
  };

  const contactForm = (button) => {
    const error = el("p", { class: "error", role: "alert", id: "phone-error", hidden: true }, T.phone_bad);
    const input = el("input", { type: "tel", name: "tel", id: "phone", autocomplete: "tel", inputmode: "tel", maxlength: "40",
      placeholder: T.phone_example, "aria-describedby": "phone-error" });
    const submit = (event) => {
      event.preventDefault();
      const digits = input.value.replace(/\D/g, "").length;
      const bad = digits < 5 || digits > 15 || /[^\d\s+()./–-]/.test(input.value);
      error.hidden = !bad;
      input.setAttribute("aria-invalid", String(bad));
      if (bad) input.focus();
      else post({ contact: { phone: input.value.trim() } }, input.value.trim());
    };
    return el("form", { class: "contact", novalidate: true, onsubmit: submit },
      el("label", {}, T.phone, input), el("button", { type: "submit", class: "press main" }, button.label), error);
  };

  // Of a card its name is said, not what its button says: «Торт „Малина“», as a person would.
  const pressed = (button, chosen) => {
    if (button.press !== "token") return;
    const label = chosen || button.label;
    post({ button: { token: button.token, label } }, label);
  };

  // ——— The draft: dots, then words as they come. It is no part of the log, so that it is not read aloud word by word.
  let dotsUntil = 0;
  const draft = (text) => {
    const box = $("draft");
    clearTimeout(dotsUntil);
    if (text === null) {
      box.hidden = true;
      box.replaceChildren();
      return;
    }
    keepingEnd(() => {
      const bubble = text === ""
        ? el("div", { class: "bubble" }, el("span", { class: "dots", role: "img", "aria-label": T.typing }, el("i"), el("i"), el("i")))
        : el("div", { class: "bubble", "aria-hidden": "true" }, el("span", { class: "words" }, text));
      box.replaceChildren(bubble);
      box.hidden = false;
      marks(true);
    });
    dotsUntil = setTimeout(() => draft(null), 30_000);
  };

  const answers = (author, by) => {
    const told = author === "bot" ? T.answers_bot : author === "nobody" ? T.answers_soon : by ? say("answers_name", { name: by }) : T.answers_person;
    // The store knows that a person answers, the last message knows who.
    if (author === "person" && !by && $("answers").dataset.author === "person") return;
    $("answers").dataset.author = author;
    $("answers").textContent = told;
  };

  // ——— Unread: told to the launcher, or shown in the title
  const fresh = () => [...state.rows.values()].find(({ message, node }) => node && message.author !== "customer" && message.seq > state.read);
  // Where reading goes on: a line above the first message that was not seen. It stays until the visitor writes.
  const resume = () => {
    const first = state.read > 0 && fresh();
    if (!first || log.querySelector(".new")) return;
    const line = el("li", { class: "new" }, T.new_messages);
    first.node.before(line);
    line.scrollIntoView({ block: "center" });
  };
  const inbox = () => [...state.rows.values()].filter(({ message }) => message.author !== "customer" && message.seq > state.read).length;
  const rules = new Intl.PluralRules(settings.lang);
  const plural = (count) => say(`unread_${{ one: "one", few: "few" }[rules.select(count)] || "many"}`, { count: number.format(count) });
  const unread = () => {
    if (state.shown && !document.hidden && state.last > state.read) {
      state.read = state.last;
      store.set("read", state.read);
    }
    const count = inbox();
    if (embedded) tell({ voronka: "unread", count, label: count ? plural(count) : "" });
    else document.title = count ? `(${count}) ${settings.title}` : settings.title;
  };

  // ——— Sending: one by one, in order, each with an id of its own, until the server has kept it
  let sending = false;
  let pause = 0;
  let again = 0;
  const wait = (ms) => {
    clearTimeout(again);
    again = setTimeout(flush, ms);
  };
  // Another tab may have messages on their way as well: only what this one knows is changed.
  const done = new Set();
  const kept = () => {
    const ours = new Set(state.queue.map((item) => item.id));
    const others = (store.get("queue") || []).filter((item) => !ours.has(item.id) && !done.has(item.id));
    const all = [...others, ...state.queue];
    store.set("queue", all.length ? all : null);
  };
  const forget = (id) => {
    const before = state.queue.length;
    done.add(id);
    state.queue = state.queue.filter((item) => item.id !== id);
    if (state.queue.length !== before) kept();
  };

  const show = (item) => {
    if (item.label === null) return; // A start is no words of the visitor.
    let node = log.querySelector(`[data-id="${CSS.escape(item.id)}"]`);
    if (!node) {
      node = messageOf({ author: "customer", text: item.label, id: item.id, at: new Date(item.at).toISOString() });
      node.removeAttribute("data-seq");
      log.append(node);
    }
    node.querySelector(".state")?.remove();
    node.classList.toggle("waiting", item.status === "waiting");
    node.classList.toggle("failed", item.status === "failed");
    node.dataset.status = item.status;
    if (item.status === "waiting") node.append(el("p", { class: "state" }, T.waiting));
    if (item.status === "failed") {
      node.append(el("p", { class: "state" }, `${T.not_sent}. ${item.refused || T.refused} `,
        el("button", { type: "button", onclick: () => takeBack(item) }, T.again)));
    }
  };

  // A refused text goes back into the input: what was typed is never lost.
  const takeBack = (item) => {
    forget(item.id);
    log.querySelector(`[data-id="${CSS.escape(item.id)}"]`)?.remove();
    if (!input.value) input.value = item.label;
    grow();
    input.focus();
    settled();
  };

  const post = (act, label) => {
    log.querySelector(".new")?.remove();
    const item = { id: random(), act, label, at: Date.now(), after: state.last, status: "sending" };
    state.queue.push(item);
    kept();
    show(item);
    settled();
    toEnd();
    // A message that takes long is greyed; one that goes at once does not flicker.
    setTimeout(() => { if (item.status === "sending") { item.status = "waiting"; show(item); toEnd(); } }, 1_500);
    flush();
  };

  const request = (path, options = {}) => fetch(settings.base + path, {
    ...options,
    credentials: "omit",
    cache: "no-store",
    headers: { ...(state.token ? { Authorization: `Bearer ${state.token}` } : {}), ...options.headers },
  });

  const session = async () => {
    state.token ??= store.get("token"); // Another tab may have been quicker.
    if (state.token) return 201;
    const answer = await request("/session", { method: "POST" });
    if (answer.status !== 201) return answer;
    state.token = (await answer.json()).token;
    store.set("token", state.token);
    retry = 0;
    connect();
    return 201;
  };
  const expire = () => {
    state.token = null;
    state.read = 0;
    for (const name of ["token", "started", "read"]) store.set(name, null);
    reset();
  };

  const flush = async () => {
    if (sending) return;
    const item = state.queue.find((item) => item.status === "sending" || item.status === "waiting");
    if (!item) return;
    sending = true;
    try {
      const opened = await session();
      if (opened !== 201) return later(opened);
      const answer = await request("/messages", { method: "POST", signal: AbortSignal.timeout?.(20_000),
        headers: { "Content-Type": "application/json", "Time-Zone": zone }, body: JSON.stringify({ id: item.id, ...item.act }) });
      if (answer.status === 401) {
        expire();
        return wait(0);
      }
      if (answer.status === 429 || answer.status >= 500) return later(answer);
      item.status = answer.ok ? "sent" : "failed";
      if (answer.status === 413) item.refused = say("too_long", { max: number.format(settings.textMax), count: number.format([...(item.label || "")].length) });
      pause = 0;
      notice("");
      kept();
      if (item.label === null) forget(item.id); // A start leaves no message behind.
      keepingEnd(() => show(item));
      marks(false);
      wait(0);
    } catch {
      later(null);
    } finally {
      sending = false;
    }
  };

  // Not sent: the message stays, greyed, and goes later.
  const later = (answer) => {
    for (const item of state.queue) {
      if (item.status !== "sending") continue;
      item.status = "waiting";
      keepingEnd(() => show(item));
    }
    kept();
    pause = Math.min(30_000, pause ? pause * 2 : 1_000);
    const asked = Number(answer?.headers.get("Retry-After")) * 1_000;
    if (answer?.status === 429) notice(asked > 60_000 ? T.day_limit : T.slow_down);
    else if (!answer) notice(T.offline);
    wait(Math.min(3_600_000, asked || pause * (0.75 + Math.random() / 2)));
  };

  // ——— Receiving: server-sent events read by fetch, since a token must never stand in an address
  let stream = null;
  let retry = 0;
  let nextTry = 0;
  const SILENCE = 50_000;

  const connect = () => {
    clearTimeout(nextTry);
    stream?.abort();
    if (!state.token) return ready({});
    const mine = (stream = new AbortController());
    let silence = 0;
    let asked = 0;
    let lasts = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(), SILENCE);
    };
    const run = async () => {
      heard();
      const answer = await request("/events", { signal: mine.signal, headers: { Accept: "text/event-stream", "Last-Event-ID": String(state.last) } });
      if (answer.status === 401) {
        expire();
        ready({});
        return false;
      }
      if (!answer.ok) {
        asked = Math.min(300_000, Number(answer.headers.get("Retry-After")) * 1_000 || 0);
        throw new Error(String(answer.status));
      }
      // A stream that ends at once is no good sign: only one that lasts makes the next wait short again.
      lasts = setTimeout(() => { retry = 0; }, 10_000);
      const reader = answer.body.getReader();
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        heard();
        text += decoder.decode(value, { stream: true });
        const blocks = text.split(/\r?\n\r?\n/);
        text = blocks.pop();
        for (const block of blocks) if (event(block) === "elsewhere") return false;
      }
    };
    run().then((back) => back && reconnect(mine, asked), () => reconnect(mine, asked)).finally(() => {
      clearTimeout(silence);
      clearTimeout(lasts);
    });
  };
  // Whoever is turned away waits as long as asked; a server that comes back is not met by all pages in one moment.
  const reconnect = (mine, asked) => {
    if (stream !== mine) return;
    offline();
    retry = Math.min(30_000, retry ? retry * 2 : 500);
    nextTry = setTimeout(connect, Math.max(asked, retry * (0.5 + Math.random())));
  };

  const event = (block) => {
    let name = "message";
    const data = [];
    for (const line of block.split(/\r?\n/)) {
      if (line.startsWith("event:")) name = line.slice(6).trim();
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    }
    if (!data.length) return "";
    const told = JSON.parse(data.join("\n"));
    if (name === "message") received(told);
    if (name === "ready") ready(told);
    if (name === "typing") { if ($("draft").hidden) draft(""); }
    if (name === "preview") draft(told.text === "" ? null : told.text);
    if (name === "reset") {
      store.set("started", null); // What was forgotten is begun anew.
      reset();
    }
    if (name === "elsewhere") elsewhere();
    return name;
  };

  const reset = () => {
    state.rows.clear();
    state.last = 0;
    state.live = false;
    log.replaceChildren();
    for (const item of state.queue) show(item);
  };

  const ready = ({ owner }) => {
    if (owner) answers(owner);
    const first = !state.live;
    state.live = true;
    $("chat").dataset.state = "ready";
    notice("");
    greet();
    arrange();
    if (first) {
      toEnd();
      // A page that was opened to read shows where the new begins; one that stayed open has been read.
      if (state.shown) resume();
      // What was there before is not read aloud; what comes is.
      requestAnimationFrame(() => $("read").setAttribute("aria-live", "polite"));
    }
    settled();
    wait(0);
  };

  const offline = () => {
    if (!navigator.onLine || retry > 2_000) notice(T.offline);
    if (!state.live) $("chat").dataset.state = "connecting";
    draft(null);
  };
  const notice = (text, ...more) => $("notice").replaceChildren(text, ...more);
  const elsewhere = () => {
    const go = el("button", { type: "button", id: "continue", onclick: () => { notice(""); connect(); } }, T.continue_here);
    notice(`${T.elsewhere}.`, go);
  };

  // ——— The beginning of an empty chat
  const greet = () => {
    if (state.rows.size || log.querySelector("[data-greeting]")) return;
    if (settings.greeting) {
      const node = messageOf({ author: "bot", text: settings.greeting, seq: 0, at: new Date().toISOString() });
      node.dataset.greeting = "";
      log.prepend(node);
    } else if (state.shown && !state.queue.length) start();
  };
  const start = () => {
    if (state.rows.size || store.get("started")) return;
    store.set("started", true);
    post({ start: (asked.get("start") || "").replace(/[^\w-]/g, "").slice(0, 64) }, null);
  };

  // ——— The composer
  const input = $("input");
  const grow = () => {
    const text = input.value.trim();
    // Nobody measures a book that was pasted by mistake: it is taller than the field in any case.
    const huge = text.length > 4 * settings.textMax;
    if (!huge) input.style.height = "auto";
    input.style.height = `${huge ? 132 : Math.min(132, Math.max(46, input.scrollHeight + 2))}px`;
    let count = 0;
    for (const _ of text) count += 1;
    const long = count > settings.textMax;
    $("error").hidden = !long;
    $("error").textContent = long ? say("too_long", { max: number.format(settings.textMax), count: number.format(count) }) : "";
    $("send").disabled = count === 0 || long;
    store.set("typed", input.value || null);
  };
  const submit = () => {
    const text = input.value.trim();
    if ($("send").disabled || !text) return;
    input.value = "";
    grow();
    post({ text }, text);
    input.focus();
  };
  input.addEventListener("input", () => keepingEnd(grow));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  $("newest").addEventListener("click", () => { scroll.scrollTo({ top: scroll.scrollHeight, behavior: glide() }); });
  scroll.addEventListener("scroll", () => { $("newest").hidden = atEnd(); }, { passive: true });

  // ——— The launcher around the frame: exact origins in both directions
  let host = null;
  const tell = (message) => { if (host) parent.postMessage(message, host); };
  const allowed = (origin) => origin === location.origin || settings.origins.includes(origin);
  if (embedded) {
    $("close").hidden = false;
    $("close").addEventListener("click", () => tell({ voronka: "close" }));
    addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.isComposing) tell({ voronka: "close" }); });
    addEventListener("message", (event) => {
      if (event.source !== parent || !allowed(event.origin)) return;
      const kind = event.data?.voronka;
      if (kind !== "shown" && kind !== "hidden") return;
      host = event.origin;
      state.shown = kind === "shown";
      if (state.shown) {
        if (state.live) greet();
        toEnd();
        resume();
        // On a phone the keyboard would cover what the visitor came to read.
        if (!matchMedia("(pointer: coarse)").matches) input.focus({ preventScroll: true });
      }
      unread();
    });
  }

  addEventListener("online", () => { pause = retry = 0; connect(); wait(0); });
  addEventListener("offline", offline);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (state.shown) resume();
    unread();
    if ($("continue") || stream?.signal.aborted) { notice(""); connect(); }
  });
  // The keyboard of a phone takes half of the page: whoever read the end goes on reading it.
  let follow = true;
  scroll.addEventListener("scroll", () => { follow = atEnd(); }, { passive: true });
  new ResizeObserver(() => { if (follow) toEnd(); }).observe(scroll);

  for (const item of state.queue) {
    if (item.status !== "failed" && item.status !== "sent") item.status = "waiting";
    show(item);
  }
  input.value = store.get("typed") || "";
  grow();
  connect();
})();

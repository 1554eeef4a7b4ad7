// The owner's page: hears of changes and asks for what it shows; keys; a reply box. Everything works without it.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const thread = $("#thread"), toast = $("#toast"), body = document.body;

  // A change is followed by one request, however many come at once; who is asked "sure?" answers first.
  let soon = 0;
  const asked = () => $("details.sure[open]");
  const refresh = () => { soon ||= setTimeout(() => { soon = 0; if ($("#live") && !asked()) htmx.trigger("#live", "live"); }, 150); };
  document.addEventListener("toggle", () => asked() || refresh(), true);

  // New messages come below: what is being read stays.
  let asking = false, again = false;
  const atEnd = () => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const toEnd = () => { thread.scrollTop = thread.scrollHeight; };
  async function tail() {
    const log = $("#log");
    if (!log) return;
    if (asking) { again = true; return; }
    asking = true;
    try {
      const seen = log.querySelectorAll("[data-seq]"), last = seen[seen.length - 1];
      const notes = log.querySelectorAll("[data-noted]"), noted = notes.length ? notes[notes.length - 1].dataset.noted : log.dataset.made;
      const end = log.lastElementChild;
      const ask = new URLSearchParams({ after: last ? last.dataset.seq : "0", day: end ? end.dataset.day || "" : "", noted });
      const answer = await fetch(`${log.dataset.messages}?${ask}`, { headers: { "HX-Request": "true" } });
      if (answer.ok) {
        const made = document.createElement("template"), follow = atEnd();
        made.innerHTML = await answer.text();
        let heard = "";
        for (const item of [...made.content.children]) {
          if ($(`#${item.id}`)) continue;
          const of = item.dataset.of;
          (of ? $(`[data-bubble="${of}"]`) : log)?.append(item);
          if (item.classList.contains("customer")) heard = item.querySelector("p").textContent;
        }
        if (heard) $("#heard").textContent = `${body.dataset.new}: ${heard}`;
        if (follow) toEnd();
      }
    } catch { /* The stream tells. */ }
    asking = false;
    if (again) { again = false; tail(); }
  }

  if (thread && !location.hash) toEnd();
  const open = $("#log") && $("#log").dataset.messages.split("/").at(-2);
  let lost = 0;
  const events = new EventSource(body.dataset.events);
  events.addEventListener("changed", (event) => {
    refresh();
    if (open && (event.data === "all" || event.data === open)) tail();
  });
  events.addEventListener("error", () => {
    clearTimeout(lost);
    lost = setTimeout(() => { toast.textContent = body.dataset.lost; toast.dataset.stay = "1"; }, 4000);
  });
  let first = true;
  events.addEventListener("open", () => {
    clearTimeout(lost);
    if (toast.dataset.stay) { toast.textContent = ""; delete toast.dataset.stay; }
    if (!first) { refresh(); tail(); }
    first = false;
  });
  addEventListener("pagehide", () => events.close());
  // Back from the browser's memory it is old.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  let gone = 0;
  new MutationObserver(() => {
    clearTimeout(gone);
    if (toast.textContent && !toast.dataset.stay) gone = setTimeout(() => { toast.textContent = ""; }, 8000);
  }).observe(toast, { childList: true, characterData: true, subtree: true });
  document.addEventListener("htmx:sendError", () => { toast.textContent = body.dataset.lost; });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "post") { tail(); if (thread) toEnd(); }
  });

  // The reply box grows. Ctrl+Enter sends.
  const grow = (box) => { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight + 2, 132)}px`; };
  document.addEventListener("input", (event) => { if (event.target.id === "reply-text") grow(event.target); });
  if ($("#reply-text")) grow($("#reply-text"));

  // A press elsewhere closes menus.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.more-moves[open], details.switch[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  const help = $("#help");
  let going = false;
  for (const button of document.querySelectorAll("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  }

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target.id === "reply-text") {
      event.preventDefault();
      target.form.requestSubmit();
      return;
    }
    if (event.key === "Escape") {
      const menu = $("details.more-moves[open], details.switch[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); } else if (target.matches("input, textarea")) target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select") || (help && help.open)) return;
    if (going && "1234".includes(event.key)) {
      document.querySelectorAll("#nav a")[event.key - 1]?.click();
    }
    going = event.key === "g";
    if (event.key === "?") {
      event.preventDefault();
      help.showModal();
    } else if (event.key === "/") {
      const search = $("#q");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "j" || event.key === "k") {
      const rows = [...document.querySelectorAll("[data-row]")];
      if (!rows.length) return;
      const now = rows.indexOf(document.activeElement), here = rows.findIndex((row) => row.getAttribute("aria-current"));
      const from = now >= 0 ? now : here, step = event.key === "j" ? 1 : -1;
      const to = from < 0 ? 0 : Math.min(Math.max(from + step, 0), rows.length - 1);
      rows[to].focus();
    }
  });
})();

// Help for those who have JavaScript. Everything here also works without it, by plain forms and links.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

document.documentElement.classList.add("js");
document.querySelector("[data-focus]")?.focus();

// One press, one deed: a second press on the same page does nothing, save in a form that says data-again (a download).
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  const asker = event.submitter?.dataset.confirm ? event.submitter : form;
  if (event.submitter?.getAttribute("aria-disabled") === "true") return event.preventDefault();
  if (asker.dataset.confirm && !confirm(asker.dataset.confirm)) return event.preventDefault();
  if (form.method !== "post" || form.target || "again" in form.dataset) return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
});
addEventListener("pageshow", (event) => {
  // Back from the next page: the browser shows this one as it was left, so let it be sent again.
  if (event.persisted) location.reload();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
  const link = event.target.closest('.error-summary a[href^="#"]');
  const field = link && document.getElementById(link.hash.slice(1));
  if (field) {
    event.preventDefault();
    field.closest(".field")?.scrollIntoView({ block: "start" });
    field.focus({ preventScroll: true });
  }
});

// Characters left, told after a pause so that a screen reader is not interrupted at every key.
for (const area of all("textarea[data-max-length]")) {
  const words = document.getElementById(`${area.id}-count`);
  if (!words) continue;
  const spoken = document.createElement("span");
  spoken.className = "sr";
  spoken.setAttribute("aria-live", "polite");
  words.after(spoken);
  let pause;
  const show = () => {
    const left = area.dataset.maxLength - [...area.value].length;
    words.classList.toggle("over", left < 0);
    words.textContent = `${left < 0 ? words.dataset.over : words.dataset.left} ${Math.abs(left)}`;
    clearTimeout(pause);
    pause = setTimeout(() => (spoken.textContent = words.textContent), 1000);
  };
  area.addEventListener("input", show);
  if (area.value) show();
}

// Rows of a list: choose all, and say on the buttons how many the deed is for.
for (const table of all("table[data-select]")) {
  const scope = table.closest("form") ?? document;
  const boxes = () => all("tbody .cell-select input", table).filter((box) => !box.closest("[hidden]"));
  const every = table.querySelector("[data-select-all]");
  const bar = scope.querySelector("[data-act-bar]") ?? document.querySelector("[data-act-bar]");
  const count = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    if (every) {
      every.checked = chosen > 0 && chosen === boxes().length;
      every.indeterminate = chosen > 0 && !every.checked;
    }
    if (!bar) return;
    bar.classList.toggle("is-idle", !chosen);
    const words = bar.querySelector("[data-chosen]");
    words.textContent = chosen ? `${words.dataset.some} ${chosen}` : words.dataset.none;
    for (const button of all("[data-needs-rows]", bar)) {
      button.setAttribute("aria-disabled", String(!chosen));
      button.querySelector("[data-count]").textContent = chosen ? `: ${chosen}` : "";
    }
  };
  every?.addEventListener("change", () => {
    for (const box of boxes()) box.checked = every.checked;
    count();
  });
  table.addEventListener("change", count);
  // Shift chooses everything from the row before to this one.
  let before;
  table.addEventListener("click", (event) => {
    const box = event.target.closest("tbody .cell-select input");
    if (!box) return;
    const rows = boxes(), ends = [rows.indexOf(before), rows.indexOf(box)];
    if (event.shiftKey && ends[0] >= 0)
      for (const one of rows.slice(Math.min(...ends), Math.max(...ends) + 1)) one.checked = box.checked;
    before = box;
    count();
  });
  count();
}

// Up and down lead from row to row, to what stands in the same place there; Home and End to the ends.
for (const table of all("table[data-rows]")) {
  table.addEventListener("keydown", (event) => {
    const row = event.target.closest("tbody tr");
    if (!row || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const kind = event.target.matches("input") ? ".cell-select input" : ".cell-act a";
    const stops = all(`tbody ${kind}`, table), at = stops.indexOf(row.querySelector(kind));
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: stops.length - 1 }[event.key];
    if (!stops[to]) return;
    event.preventDefault();
    stops[to].focus();
  });
}

for (const chips of all("[data-filter]")) {
  chips.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-show]");
    if (!chip) return;
    for (const other of all("[data-show]", chips)) other.setAttribute("aria-pressed", String(other === chip));
    for (const row of all("[data-tags]", document.getElementById(chips.dataset.filter) ?? document))
      row.hidden = Boolean(chip.dataset.show) && !row.dataset.tags.split(" ").includes(chip.dataset.show);
  });
}

// Order by dragging the handle; the buttons up and down do the same without it.
for (const list of all("[data-reorder]")) {
  let moving = null;
  list.addEventListener("dragstart", (event) => {
    if (!event.target.closest("[data-handle]")) return;
    moving = event.target.closest("[data-item]");
    moving.classList.add("is-moving");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(moving, 16, 16);
  });
  list.addEventListener("dragover", (event) => {
    const over = moving && event.target.closest("[data-item]");
    if (!over || over.parentElement !== list || !over.querySelector("[data-handle]")) return;
    event.preventDefault();
    if (over === moving) return;
    const box = over.getBoundingClientRect();
    over[event.clientY < box.top + box.height / 2 ? "before" : "after"](moving);
  });
  // A press of an arrow loads the page anew: whoever moves a row goes on from its arrow.
  const memory = "moved";
  const [way, row] = (sessionStorage.getItem(memory) ?? "").split(":");
  sessionStorage.removeItem(memory);
  if (row && location.hash === `#limit-${row}`) {
    const arrows = all("[name=move]", document.getElementById(`limit-${row}`) ?? list.cloneNode());
    const arrow = arrows.find((one) => one.value.startsWith(`${way}:`)) ?? arrows[0];
    // Not before the browser went to the row: it takes the focus away when it does.
    addEventListener("load", () => setTimeout(() => arrow?.focus(), 50));
  }
  list.closest("form")?.addEventListener("submit", (event) => {
    if (event.submitter?.name === "move") sessionStorage.setItem(memory, event.submitter.value);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    if (!moving) return;
    moving.classList.remove("is-moving");
    moving.dispatchEvent(new Event("change", { bubbles: true }));
    moving = null;
  });
}

// What the reader will see, redrawn by the server while the editor types.
for (const form of all("form[data-preview-url]")) {
  const page = document.getElementById(form.dataset.previewTarget ?? "preview");
  let pause, asked, at = "";
  // The question at hand in sight: inside the phone only, the page itself stays where it is.
  const follow = () => {
    const shown = at && page.querySelector(`[data-of="${CSS.escape(at)}"]`);
    if (!shown) return;
    const box = shown.getBoundingClientRect(), room = page.getBoundingClientRect();
    if (box.top < room.top || box.bottom > room.bottom) page.scrollTop += box.top - room.top - 48;
  };
  const note = (event) => {
    const row = event.target.closest("[data-item]");
    if (row) at = row.dataset.item;
  };
  const draw = async () => {
    asked?.abort();
    asked = new AbortController();
    page.classList.add("is-stale");
    try {
      const answer = await fetch(form.dataset.previewUrl, { method: "POST", body: new FormData(form), signal: asked.signal, headers: { Accept: "text/html" } });
      if (answer.ok) page.innerHTML = await answer.text();
      follow();
      page.classList.remove("is-stale");
    } catch {
      // A newer question took this one's place, or the network is away: the old picture stays, dimmed.
    }
  };
  const soon = () => {
    clearTimeout(pause);
    pause = setTimeout(draw, 350);
  };
  if (page) {
    for (const kind of ["input", "change", "focusin"]) form.addEventListener(kind, note);
    form.addEventListener("focusin", follow);
    for (const kind of ["input", "change"]) form.addEventListener(kind, soon);
  }
}

// SPDX-License-Identifier: Apache-2.0

const SHOWN = 12;
const SECONDS = 120;
const SAY_EVERY_MS = 10_000;
const GIVE_UP_AFTER_MS = 700;

/** Not crypto.randomUUID, which is only there at https and on this machine. */
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const $ = (id) => document.getElementById(id);
const euros = (cents) => `${(cents / 100).toFixed(2)} EUR`;
const short = (key) => (key.length > 40 ? `${key.slice(0, 37)}…` : key);

/* ---- what is shown ---- */

let paused = false;
/** What has happened while the live view is paused. */
let held = [];
let lastSaid = 0;
let unsaid = null;

/** Tells screen readers how things stand, and not more often than every ten seconds. */
function say(text) {
  const now = Date.now();
  if (now - lastSaid >= SAY_EVERY_MS) {
    lastSaid = now;
    unsaid = null;
    $("status").textContent = text;
  } else {
    unsaid = text;
  }
}

function prepend(list, text, kind) {
  const item = document.createElement("li");
  item.textContent = text;
  if (kind) {
    item.className = kind;
  }
  list.prepend(item);
  while (list.children.length > SHOWN) {
    list.lastChild.remove();
  }
}

function row(cells, kind) {
  const line = document.createElement("tr");
  for (const cell of cells) {
    line.insertCell().textContent = cell;
  }
  if (kind) {
    line.className = kind;
  }
  return line;
}

function figure(name, value, kind) {
  const box = document.createElement("div");
  const term = document.createElement("dt");
  const number = document.createElement("dd");
  term.textContent = name;
  number.textContent = value;
  box.append(term, number);
  if (kind) {
    box.className = kind;
  }
  return box;
}

async function refresh() {
  if (paused) {
    return;
  }
  const [state, ledger] = await Promise.all([get("demo/state"), get("demo/ledger")]);
  $("charged").textContent = euros(ledger.totals.cents.EUR ?? 0);
  $("saved").textContent = euros(state.saved.EUR ?? 0);
  $("counts").replaceChildren(...Object.entries(state.counts).map(([verdict, count]) => figure(verdict, count)));
  const times = new Map();
  for (const booking of ledger.latest) {
    const id = booking.operation.paymentId ?? booking.operation.orderId;
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  const twice = ledger.totals.chargedTwice;
  $("twice").textContent = twice;
  $("twice-box").className = twice > 0 ? "bad" : "good";
  $("ledger").replaceChildren(
    ...ledger.latest.map((booking) => {
      const id = booking.operation.paymentId ?? booking.operation.orderId;
      return row(
        [
          id,
          `${(booking.operation.amountCents / 100).toFixed(2)} ${booking.operation.currency}`,
          booking.idempotencyKey,
          `${booking.at.topic}-${booking.at.partition}@${booking.at.offset}`,
        ],
        times.get(id) > 1 ? "twice" : "",
      );
    }),
  );
  if (!state.live) {
    report(new Error("it does not read along any more, and its log says why"));
    return;
  }
  say(`${ledger.totals.entries} entries in the ledger, ${state.counts.duplicate ?? 0} duplicates, ${twice} charged twice`);
}

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return answer.json();
}

/* ---- the plot ---- */

const perSecond = new Map();

function tally(verdict, at) {
  const second = Math.floor(at / 1000);
  const counts = perSecond.get(second) ?? [0, 0, 0];
  counts[verdict === "first" ? 0 : verdict === "duplicate" ? 1 : 2] += 1;
  perSecond.set(second, counts);
}

function series(seconds) {
  const now = Math.floor(Date.now() / 1000);
  const times = [];
  const lines = [[], [], []];
  for (let second = now - seconds + 1; second <= now; second++) {
    times.push(second);
    const counts = perSecond.get(second) ?? [0, 0, 0];
    lines.forEach((line, i) => line.push(counts[i]));
  }
  for (const second of perSecond.keys()) {
    if (second < now - SECONDS) {
      perSecond.delete(second);
    }
  }
  return [times, ...lines];
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

function newPlot() {
  const line = (label, stroke, dash) => ({ label, stroke, width: 2, dash, points: { show: false } });
  const axis = { stroke: () => getComputedStyle(document.body).color, grid: { show: false } };
  return new uPlot(
    {
      width: Math.max(200, $("plot").clientWidth),
      height: 160,
      cursor: { show: false },
      legend: { live: false },
      axes: [axis, { ...axis, size: 40 }],
      scales: { y: { range: (u, min, max) => [0, Math.max(5, max)] } },
      series: [
        {},
        line("first", "#1a9850"),
        line("duplicate", "#c77700", [6, 3]),
        line("refused", "#d73027", [2, 2]),
      ],
    },
    series(SECONDS),
    $("plot"),
  );
}

function draw(plot) {
  if (paused) {
    return;
  }
  plot.setData(series(SECONDS));
  const [, firsts, duplicates, refused] = series(10);
  $("plot-table").replaceChildren(
    ...firsts.map((_, i) => row([9 - i, firsts[i], duplicates[i], refused[i]])).reverse(),
  );
}

/* ---- what happens ---- */

function listen() {
  const events = new EventSource("demo/events");
  const on = (kind, show) =>
    events.addEventListener(kind, (event) => {
      const seen = JSON.parse(event.data);
      document.body.dataset.lastEvent = event.lastEventId;
      if (paused) {
        held.push(() => show(seen.data, seen.at));
        $("held").textContent = `${held.length} not shown yet`;
      } else {
        show(seen.data, seen.at);
        later();
      }
    });
  events.addEventListener("open", later);
  events.addEventListener("error", () => report(new Error("the live view was interrupted")));
  on("request", (data) =>
    prepend(
      $("requests"),
      `${data.method} ${data.path} ${short(data.key) || "without a key"} → ${data.status}${data.replayed ? " replayed" : ""}`,
    ),
  );
  on("record", (data) =>
    prepend($("records"), `${data.topic}-${data.partition}@${data.offset} ${short(data.key) || "without a key"}`),
  );
  on("verdict", (data, at) => {
    const kind = data.verdict === "first" ? "first" : data.verdict === "duplicate" ? "duplicate" : "refused";
    tally(data.verdict, at);
    prepend($("verdicts"), `${data.verdict}${data.booked ? ", booked" : ""}: ${short(data.key) || "without a key"}`, kind);
    if (kind === "refused" && !data.booked) {
      $("dead").prepend(row([data.verdict, data.key, euros(data.amountCents ?? 0), data.detail]));
      while ($("dead").children.length > 50) {
        $("dead").lastChild.remove();
      }
    }
  });
}

let waiting = false;

/** Looks at the ledger once for many events. */
function later() {
  if (!waiting) {
    waiting = true;
    setTimeout(() => {
      waiting = false;
      refresh().catch(report);
    }, 250);
  }
}

function report(failed) {
  $("status").textContent = `The page cannot reach the server: ${failed.message}`;
}

/* ---- paying ---- */

const has = (fault) => $("faults").querySelector(`input[value="${fault}"]`).checked;

/** Shows what became of a request, and tells screen readers at once: it is what somebody waits for. */
function answered(text, kind) {
  prepend($("answers"), text, kind);
  $("answered").textContent = text;
}

async function send(key, cents, { fault, giveUpAfter } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (key) {
    headers["Idempotency-Key"] = `"${key}"`;
  }
  if (fault) {
    headers["X-Demo-Fault"] = fault;
  }
  try {
    const answer = await fetch("payments", {
      method: "POST",
      headers,
      body: JSON.stringify({ orderId: "o-page", customerId: "c-page", amountCents: cents, currency: "EUR" }),
      signal: giveUpAfter ? AbortSignal.timeout(giveUpAfter) : undefined,
    });
    const body = await answer.json();
    const replayed = answer.headers.get("Idempotent-Replayed") ? ", replayed" : "";
    answered(`${answer.status}${replayed}: ${body.paymentId ?? body.title}`, answer.ok ? "first" : "refused");
  } catch (lost) {
    answered(`no answer (${lost.name}): nobody knows whether it was charged`, "duplicate");
  }
}

async function makeFault(name) {
  const answer = await fetch(`demo/faults/${name}`, { method: "POST" });
  const body = await answer.json();
  answered(answer.ok ? `${name}: ${body.sent} sent again` : `${name}: ${body.title}`, "duplicate");
}

async function pay(cents) {
  const key = newKey();
  const slow = has("slow") ? { fault: "slow" } : {};
  if (has("lost-answer")) {
    await send(key, cents, { fault: "late-answer", giveUpAfter: GIVE_UP_AFTER_MS });
  }
  if (has("double-click")) {
    await Promise.all([send(key, cents, slow), send(key, cents, slow)]);
  } else {
    await send(key, cents, slow);
  }
  if (has("three-retries")) {
    for (let i = 0; i < 3; i++) {
      await send(key, cents);
    }
  }
  if (has("redeliver")) {
    await makeFault("redeliver");
  }
  if (has("replay")) {
    await makeFault("replay");
  }
  if (has("other-amount")) {
    await send(key, cents + 100);
    await makeFault("other-amount");
  }
  if (has("no-key")) {
    await send(null, cents);
    await makeFault("no-key");
  }
  if (has("wrong-clock")) {
    await makeFault("wrong-clock");
  }
}

$("pay").addEventListener("submit", async (event) => {
  event.preventDefault();
  await pay(Math.round(Number($("amount").value) * 100)).catch(report);
});

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  if (!paused) {
    held.forEach((show) => show());
    held = [];
    $("held").textContent = "";
    refresh().catch(report);
  }
});

function showMode({ mode }) {
  $("mode").querySelector(`input[value="${mode}"]`).checked = true;
}

async function switchTo(wanted) {
  $("status").textContent = `Switching to ${wanted} …`;
  $("mode").disabled = true;
  try {
    const answer = await fetch(`demo/mode/${wanted}`, { method: "PUT" });
    if (!answer.ok) {
      throw new Error(`it could not be switched: ${answer.status}`);
    }
    const now = await answer.json();
    $("status").textContent = `The pipeline ${now.ready ? "now runs" : "is still starting"} in ${now.mode}`;
  } finally {
    $("mode").disabled = false;
    showMode(await get("demo/mode"));
  }
}

$("mode").addEventListener("change", (event) => switchTo(event.target.value).catch(report));

$("find").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = $("find-key").value;
  const found = await get(`demo/keys/payments/${encodeURIComponent(key)}`).catch((failed) => ({
    status: "unknown",
    reason: failed.message,
  }));
  $("found").textContent =
    found.status === "remembered"
      ? `First seen ${found.firstSeen} as ${found.record}, remembered until ${found.rememberedUntil}`
      : found.status === "unknown"
        ? `It is not known: ${found.reason}`
        : "Not remembered: a record with this key would be a first";
});

setInterval(() => {
  if (unsaid !== null && Date.now() - lastSaid >= SAY_EVERY_MS) {
    say(unsaid);
  }
}, 1000);

listen();
get("demo/mode").then(showMode).catch(report);
refresh().catch(report);
const plot = newPlot();
setInterval(() => draw(plot), 1000);
new ResizeObserver(() => plot.setSize({ width: Math.max(200, $("plot").clientWidth), height: 160 })).observe($("plot"));

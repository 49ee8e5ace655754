"use strict";
// The console's page. What peers send is only ever shown as text. Only the rows that can be seen are in
// the document, and it is touched once a frame at most, however many messages come.
(() => {
  const ROW = 30; // pixels: the height of .row
  const KEEP = 200000; // messages; beyond it the oldest quarter goes
  const PREVIEW = 300; // characters of a message in its row
  const SHOWN = 1 << 20; // bytes of a message in the panel

  const $ = (id) => document.getElementById(id);
  const log = $("log"), rows = $("rows"), space = $("space");

  let socket = null;
  let opened = 0; // when, by performance.now()
  let all = []; // messages: {at, way, type, size, data, line, bad}
  let visible = []; // those that the filter lets through
  let chosen = null;
  let hex = false;
  let dropped = 0;
  const counts = { in: 0, out: 0, bytesIn: 0, bytesOut: 0 };
  const recent = []; // [time, messages so far], for the rate
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();

  // --- words ---

  const units = ["B", "KiB", "MiB", "GiB"];
  const bytes = (n) => {
    let i = 0;
    for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
    return (i === 0 ? n : n.toFixed(n < 10 ? 2 : 1)) + " " + units[i];
  };
  const pad = (n, width = 2) => String(n).padStart(width, "0");
  const clock = (t) => {
    const d = new Date(t);
    return pad(d.getHours()) + ":" + pad(d.getMinutes()) + ":" + pad(d.getSeconds()) + "." + pad(d.getMilliseconds(), 3);
  };
  const span = (ms) => {
    const s = Math.floor(ms / 1000);
    return s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " min " + (s % 60) + " s" : Math.floor(s / 3600) + " h " + (Math.floor(s / 60) % 60) + " min";
  };
  const hexOf = (data, limit) => {
    let text = "";
    for (let i = 0; i < data.length && i < limit; i++) text += (i ? " " : "") + pad(data[i].toString(16));
    return text + (data.length > limit ? " …" : "");
  };
  const oneLine = (text) => text.slice(0, PREVIEW).replace(/\r\n|\n|\r/g, " ⏎ ").replace(/[\x00-\x1f\x7f-\x9f]/g, "·");
  const CODES = {
    1000: "normal", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1005: "no code",
    1006: "no close frame", 1007: "invalid data", 1008: "policy", 1009: "too big", 1010: "extension missing",
    1011: "internal error", 1012: "restart", 1013: "try again later", 1014: "bad gateway", 1015: "TLS failed",
  };

  const nameOf = (code) => CODES[code] || (code >= 4000 ? "an application's" : code >= 3000 ? "registered" : "unknown");

  // --- the list ---

  const passes = (m) => {
    if (!$("show-" + m.way).checked) return false;
    const want = $("filter").value.toLowerCase();
    if (!want) return true;
    // Of long texts all is searched, of bytes what their row shows.
    return (typeof m.data === "string" ? m.data : m.line).toLowerCase().includes(want) || m.type.includes(want);
  };
  const refilter = () => {
    visible = all.filter(passes);
    if (chosen && !visible.includes(chosen)) choose(null);
    later();
  };
  const add = (way, type, data, line, bad = false) => {
    const size = data === null ? 0 : typeof data === "string" ? (data.length < 65536 ? encoder.encode(data).length : new Blob([data]).size) : data.length;
    const m = { at: Date.now(), way, type, size, data, line, bad };
    all.push(m);
    if (all.length > KEEP) {
      const gone = all.splice(0, KEEP / 4);
      dropped += gone.length;
      refilter();
    } else if (passes(m)) visible.push(m);
    if (data === null) return void later();
    if (way === "in") (counts.in++, (counts.bytesIn += size));
    if (way === "out") (counts.out++, (counts.bytesOut += size));
    later();
  };

  const spare = [];
  const newRow = () => {
    const row = document.createElement("div");
    row.setAttribute("role", "option");
    for (const name of ["time", "way", "type", "size", "data"]) {
      const cell = document.createElement("span");
      cell.className = name;
      row.append(cell);
    }
    return row;
  };
  const fill = (row, m, index) => {
    const [time, way, type, size, data] = row.children;
    row.className = "row " + m.way + " " + m.type + (m.bad ? " bad" : "");
    row.id = "row-" + index;
    row.setAttribute("aria-selected", m === chosen);
    row.setAttribute("aria-posinset", index + 1);
    row.setAttribute("aria-setsize", visible.length);
    time.textContent = clock(m.at);
    way.textContent = m.way === "in" ? "↓" : m.way === "out" ? "↑" : "•";
    type.textContent = m.type;
    size.textContent = m.data === null ? "" : bytes(m.size);
    data.textContent = m.line;
    row.message = m;
  };

  let asked = false;
  const later = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(draw);
  };
  let pinned = true; // at the end, and to stay there
  const draw = () => {
    asked = false;
    space.style.height = visible.length * ROW + "px";
    if ($("follow").checked && pinned) log.scrollTop = visible.length * ROW;
    const first = Math.max(0, Math.floor(log.scrollTop / ROW) - 5);
    const last = Math.min(visible.length, Math.ceil((log.scrollTop + log.clientHeight) / ROW) + 5);
    while (rows.children.length > last - first) spare.push(rows.removeChild(rows.lastChild));
    while (rows.children.length < last - first) rows.append(spare.pop() || newRow());
    rows.style.transform = "translateY(" + first * ROW + "px)";
    for (let i = first; i < last; i++) fill(rows.children[i - first], visible[i], i);
    const at = chosen ? visible.indexOf(chosen) : -1;
    if (at >= first && at < last) log.setAttribute("aria-activedescendant", "row-" + at);
    else log.removeAttribute("aria-activedescendant");
    $("empty").hidden = all.length > 0;
    $("shown").textContent = visible.length === all.length ? (all.length ? all.length.toLocaleString("en") + " lines" : "") : visible.length.toLocaleString("en") + " of " + all.length.toLocaleString("en");
    $("count-in").textContent = counts.in.toLocaleString("en");
    $("count-out").textContent = counts.out.toLocaleString("en");
    $("bytes-in").textContent = bytes(counts.bytesIn);
    $("bytes-out").textContent = bytes(counts.bytesOut);
    if (dropped) $("note").textContent = "the oldest " + dropped.toLocaleString("en") + " messages were dropped";
  };

  log.addEventListener("scroll", () => {
    pinned = log.scrollTop + log.clientHeight >= log.scrollHeight - ROW;
    later();
  });
  new ResizeObserver(later).observe(log);

  // --- one of them ---

  const shownBytes = (m) => (typeof m.data === "string" ? encoder.encode(m.data.slice(0, SHOWN)) : m.data.subarray(0, SHOWN));
  const dump = (data) => {
    const lines = [];
    for (let at = 0; at < data.length; at += 16) {
      let left = "", right = "";
      for (let i = at; i < at + 16; i++) {
        left += i < data.length ? pad(data[i].toString(16)) + (i % 8 === 7 ? "  " : " ") : i % 8 === 7 ? "    " : "   ";
        if (i < data.length) right += data[i] >= 32 && data[i] < 127 ? String.fromCharCode(data[i]) : ".";
      }
      lines.push(pad(at.toString(16), 8) + "  " + left + " " + right);
    }
    return lines.join("\n");
  };
  const pretty = (text) => {
    if (!/^\s*[[{]/.test(text)) return text;
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  };
  const payloadText = (m) => {
    if (m.data === null) return m.line;
    if (hex) return dump(shownBytes(m));
    return typeof m.data === "string" ? pretty(m.data.slice(0, SHOWN)) : decoder.decode(shownBytes(m));
  };
  const choose = (m) => {
    if (m && m !== chosen) hex = typeof m.data !== "string" && m.data !== null;
    chosen = m;
    $("detail").hidden = !m;
    if (m) {
      $("detail-title").textContent = m.way === "in" ? "Received" : m.way === "out" ? "Sent" : "Event";
      const facts = [["type", m.type], ["time", new Date(m.at).toISOString()]];
      if (m.data !== null) facts.push(["size", m.size.toLocaleString("en") + " bytes"]);
      if (m.size > SHOWN) facts.push(["shown", "the first " + bytes(SHOWN)]);
      $("facts").replaceChildren(...facts.flatMap(([name, value]) => {
        const dt = document.createElement("dt"), dd = document.createElement("dd");
        dt.textContent = name;
        dd.textContent = value;
        return [dt, dd];
      }));
      $("payload").textContent = payloadText(m);
      $("payload").className = hex && m.data !== null ? "hex" : "";
      $("as-text").setAttribute("aria-pressed", !hex);
      $("as-hex").setAttribute("aria-pressed", hex);
    }
    later();
  };
  rows.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row) choose(row.message === chosen ? null : row.message);
  });
  $("as-text").onclick = () => ((hex = false), choose(chosen));
  $("as-hex").onclick = () => ((hex = true), choose(chosen));
  $("hide").onclick = () => (choose(null), log.focus());
  $("copy").onclick = async () => {
    try {
      await navigator.clipboard.writeText($("payload").textContent);
      $("copy").textContent = "Copied";
    } catch {
      getSelection().selectAllChildren($("payload"));
      $("copy").textContent = "Selected";
    }
    setTimeout(() => ($("copy").textContent = "Copy"), 1200);
  };

  const reveal = (index) => {
    const top = index * ROW;
    if (top < log.scrollTop) log.scrollTop = top;
    else if (top + ROW > log.scrollTop + log.clientHeight) log.scrollTop = top + ROW - log.clientHeight;
  };
  log.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(log.clientHeight / ROW) - 1);
    const at = chosen ? visible.indexOf(chosen) : -1;
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? visible.length - 1 : at - 1, Home: 0, End: visible.length - 1, PageDown: at + page, PageUp: at - page }[event.key];
    if (to === undefined || visible.length === 0) return;
    event.preventDefault();
    const index = Math.min(Math.max(to, 0), visible.length - 1);
    choose(visible[index]);
    reveal(index);
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $("filter").select();
    } else if (event.key === "Escape") {
      if ($("closing").open) $("closing").open = false;
      else if (event.target === $("filter") && $("filter").value) (($("filter").value = ""), refilter());
      else choose(null);
    }
  });

  let soon = 0;
  $("filter").addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(refilter, all.length > 5000 ? 120 : 0);
  });
  for (const way of ["in", "out", "sys"]) $("show-" + way).onchange = refilter;
  $("follow").onchange = () => ((pinned = true), later());
  $("clear").onclick = () => {
    all = [];
    dropped = 0;
    counts.in = counts.out = counts.bytesIn = counts.bytesOut = 0;
    choose(null);
    refilter();
  };

  // --- the connection ---

  const state = (name) => {
    $("state").textContent = name;
    $("state").dataset.state = name;
    const open = name === "open", busy = open || name === "connecting" || name === "closing";
    $("toggle").textContent = busy ? "Disconnect" : "Connect";
    $("toggle").toggleAttribute("data-open", busy);
    $("url").readOnly = $("protocols").readOnly = busy;
    $("go").disabled = !open;
    // No browser lets pages send pings as yet; one that does is taken at its word.
    $("ping-kind").hidden = !(open && typeof socket.ping === "function");
    document.title = (open ? "● " : "") + "wsserve console";
  };

  const connect = () => {
    let next;
    const protocols = $("protocols").value.split(",").map((p) => p.trim()).filter(Boolean);
    try {
      next = new WebSocket($("url").value, protocols);
    } catch (error) {
      add("sys", "error", null, error.message, true);
      state("failed");
      return;
    }
    const began = performance.now();
    let wasOpen = false;
    socket = next;
    next.binaryType = "arraybuffer";
    state("connecting");
    next.onopen = () => {
      wasOpen = true;
      opened = performance.now();
      add("sys", "open", null, next.url + " in " + Math.round(opened - began) + " ms" + (next.protocol ? ", subprotocol " + next.protocol : "") + (next.extensions ? ", " + next.extensions : ""));
      state("open");
      $("message").focus();
    };
    next.onmessage = ({ data }) => {
      if (typeof data === "string") add("in", "text", data, oneLine(data));
      else {
        const bin = new Uint8Array(data);
        add("in", "binary", bin, hexOf(bin, 80));
      }
    };
    next.onclose = ({ code, reason, wasClean }) => {
      const bad = !wasClean || (code !== 1000 && code !== 1001 && code !== 1005);
      add("sys", "close", null, wasOpen ? code + " (" + nameOf(code) + ")" + (reason ? ": " + reason : "") + ", after " + span(performance.now() - opened)
        : "it could not be opened; the server's log or the browser's own console says why", bad);
      socket = null;
      opened = 0;
      state(wasOpen ? "closed" : "failed");
    };
  };
  const disconnect = (code, reason) => {
    try {
      socket.close(code, reason);
      add("out", "close", null, code + " (" + nameOf(code) + ")" + (reason ? ": " + reason : ""));
      state("closing");
    } catch (error) {
      problem(error.message);
    }
  };
  $("connect").onsubmit = (event) => {
    event.preventDefault();
    if (socket) disconnect(1000, "");
    else connect();
  };
  $("close").onsubmit = (event) => {
    event.preventDefault();
    if (socket) disconnect(Number($("code").value), $("reason").value);
    $("closing").open = false;
  };

  // --- sending ---

  let fade = 0;
  const problem = (text) => {
    $("problem").textContent = text;
    clearTimeout(fade);
    if (text) fade = setTimeout(() => problem(""), 5000);
  };
  const kind = () => document.querySelector("input[name=kind]:checked").value;
  const bytesFromHex = (text) => {
    const digits = text.replace(/0x|[\s,:]/gi, "");
    if (/[^0-9a-f]/i.test(digits)) throw new Error("that is no hex: 48 65 6c 6c 6f");
    if (digits.length % 2) throw new Error("a hex digit is missing: two make a byte");
    return Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
  };
  const history = [];
  let past = 0;
  const send = () => {
    const box = $("message"), text = box.value;
    problem("");
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      problem("not connected");
      return;
    }
    try {
      if (kind() === "text") {
        socket.send(text);
        add("out", "text", text, oneLine(text));
      } else {
        const data = bytesFromHex(text);
        if (kind() === "ping") socket.ping(data);
        else socket.send(data);
        add("out", kind(), data, hexOf(data, 80));
      }
    } catch (error) {
      problem(error.message);
      return;
    }
    if (text && history.at(-1) !== text) history.push(text);
    past = history.length;
    pinned = true;
    box.value = "";
    grow();
  };
  const grow = () => {
    const box = $("message");
    box.style.height = "auto";
    box.style.height = Math.min(box.scrollHeight + 2, innerHeight * 0.3) + "px";
  };
  $("send").onsubmit = (event) => {
    event.preventDefault();
    send();
  };
  $("message").addEventListener("input", grow);
  $("message").addEventListener("keydown", (event) => {
    const box = event.target;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !box.value.includes("\n") && history.length) {
      event.preventDefault();
      past = Math.min(Math.max(past + (event.key === "ArrowUp" ? -1 : 1), 0), history.length);
      box.value = history[past] || "";
      grow();
    }
  });
  for (const radio of document.querySelectorAll("input[name=kind]"))
    radio.onchange = () => ($("message").placeholder = kind() === "text" ? "Message — Enter sends, Shift+Enter begins a line" : "Bytes in hex: 48 65 6c 6c 6f");

  setInterval(() => {
    const now = performance.now(), total = counts.in + counts.out;
    recent.push([now, total]);
    while (recent.length > 4) recent.shift();
    const rate = Math.max(0, (total - recent[0][1]) / ((now - recent[0][0]) / 1000)) || 0;
    $("rate").textContent = rate >= 1 ? Math.round(rate).toLocaleString("en") + " messages/s" : "";
    $("uptime").textContent = opened ? "open for " + span(now - opened) : "";
  }, 1000);

  const path = document.documentElement.dataset.path || location.pathname;
  $("url").value = (location.protocol === "https:" ? "wss://" : "ws://") + location.host + path + location.search;
  state("closed");
  later();
  connect();
})();

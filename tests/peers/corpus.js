// The messages for echo tests: 0 B to 1 MiB, text and binary, from a seed. For node and for pages.

function corpus(seed, count) {
  const EDGES = [0, 1, 125, 126, 65535, 65536, 1 << 20];
  const most = count >= 500 ? 1 << 20 : 1 << 16;
  let state = seed >>> 0;

  // splitmix32
  function random(limit) {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % limit;
  }

  function text(size) {
    const parts = [];
    let bytes = 0;
    const words = random(2) === 0;
    for (;;) {
      const part = words
        ? `{"id":${random(100)},"name":"gr\u00fc\u00dfe, \u4e16\u754c \u{1f30d}","values":[1,2.5,null]},\n`
        : String.fromCharCode(32 + random(0x2fe0));
      const len = new TextEncoder().encode(part).length;
      if (bytes + len > size) break;
      parts.push(part);
      bytes += len;
    }
    return parts.join("") + ".".repeat(size - bytes);
  }

  function binary(size) {
    const data = new Uint8Array(size);
    const kind = random(4);
    const unit = kind < 2 ? size : 1 + random(400);
    if (kind === 2) return data;
    for (let i = 0; i < size; i++) data[i] = i < unit ? random(256) : data[i - unit];
    return data;
  }

  const sizes = EDGES.filter((size) => size <= most).slice(0, count);
  while (sizes.length < count) {
    const kind = random(100);
    sizes.push(random(kind < 90 ? 200 : kind < 99 ? 16 << 10 : most >> 2));
  }
  for (let i = sizes.length - 1; i > 0; i--) {
    const k = random(i + 1);
    [sizes[i], sizes[k]] = [sizes[k], sizes[i]];
  }
  return sizes.map((size) => (random(2) === 0 ? text(size) : binary(size)));
}

// Is `data` (a string, or bytes in any form) equal to the sent message?
function sameMessage(sent, data) {
  if (typeof sent === "string" || typeof data === "string") return sent === data;
  const got = new Uint8Array(data.buffer || data, data.byteOffset || 0, data.byteLength);
  if (got.length !== sent.length) return false;
  for (let i = 0; i < sent.length; i++) if (got[i] !== sent[i]) return false;
  return true;
}

if (typeof module !== "undefined") module.exports = { corpus, sameMessage };

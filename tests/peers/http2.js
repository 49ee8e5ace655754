// Node's HTTP/2 as a peer, with WebSocket frames of its own:
//
//   node http2.js serve CERTIFICATE KEY [plain]   an echo server, announced as wsserve announces itself;
//                                                 "plain": it takes no WebSockets over HTTP/2
//   node http2.js talk URL CA STREAMS COUNT       STREAMS WebSockets on one connection, COUNT messages on
//                                                 each, of up to 1 MiB, whose echoes are compared
const crypto = require("crypto");
const fs = require("fs");
const http2 = require("http2");

const SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20];
const CONTROL = 8;

function frame(first, payload, masked) {
  const len = payload.length;
  const long = len > 65535 ? 8 : len > 125 ? 2 : 0;
  const head = Buffer.alloc(2 + long + (masked ? 4 : 0));
  head[0] = first;
  head[1] = (masked ? 0x80 : 0) | (long === 8 ? 127 : long === 2 ? 126 : len);
  if (long === 8) head.writeBigUInt64BE(BigInt(len), 2);
  else if (long === 2) head.writeUInt16BE(len, 2);
  const body = Buffer.from(payload);
  if (masked) {
    const key = crypto.randomBytes(4);
    key.copy(head, 2 + long);
    for (let i = 0; i < len; i++) body[i] ^= key[i & 3];
  }
  return Buffer.concat([head, body]);
}

// Calls `on(opcode, fin, payload)` for each frame of a stream.
function readFrames(stream, on) {
  let kept = Buffer.alloc(0);
  stream.on("data", (data) => {
    kept = kept.length ? Buffer.concat([kept, data]) : data;
    for (;;) {
      if (kept.length < 2) return;
      let len = kept[1] & 0x7f;
      let at = 2;
      if (len >= 126) {
        at += len === 126 ? 2 : 8;
        if (kept.length < at) return;
        len = len === 126 ? kept.readUInt16BE(2) : Number(kept.readBigUInt64BE(2));
      }
      const masked = kept[1] & 0x80;
      const key = kept.subarray(at, at + 4);
      if (masked) at += 4;
      if (kept.length < at + len) return;
      const payload = Buffer.from(kept.subarray(at, at + len));
      if (masked) for (let i = 0; i < len; i++) payload[i] ^= key[i & 3];
      const first = kept[0];
      kept = kept.subarray(at + len);
      on(first & 0x0f, first & 0x80, payload);
    }
  });
}

function serve(certificate, key, plain) {
  const server = http2.createSecureServer({
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
    allowHTTP1: true,
    settings: { enableConnectProtocol: !plain },
  });
  server.on("stream", (stream, headers) => {
    if (headers[":protocol"] !== "websocket") return stream.respond({ ":status": 404 }, { endStream: true });
    stream.respond({ ":status": 200 });
    readFrames(stream, (opcode, fin, payload) => {
      stream.write(frame(fin | (opcode === 9 ? 10 : opcode), payload, false));
      if (opcode === CONTROL) stream.end();
    });
  });
  server.on("upgrade", (request, socket) => {
    const accept = crypto
      .createHash("sha1")
      .update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
      .digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
    );
    readFrames(socket, (opcode, fin, payload) => {
      socket.write(frame(fin | opcode, payload, false));
      if (opcode === CONTROL) socket.end();
    });
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening wss://localhost:${server.address().port}/`));
}

function talkOver(stream, count, done) {
  let sent = 0;
  let pieces = [];
  let message;
  const next = () => {
    if (sent === count) return stream.write(frame(0x88, Buffer.from([3, 232]), true));
    message = crypto.randomBytes(SIZES[sent++ % SIZES.length]);
    stream.write(frame(0x82, message, true));
  };
  stream.on("response", (headers) => {
    if (headers[":status"] !== 200) throw new Error(`status ${headers[":status"]}`);
    next();
  });
  readFrames(stream, (opcode, fin, payload) => {
    if (opcode >= CONTROL) return;
    pieces.push(payload);
    if (!fin) return;
    if (!Buffer.concat(pieces).equals(message)) throw new Error(`message ${sent} differs`);
    pieces = [];
    next();
  });
  stream.on("end", () => stream.end());
  stream.on("close", () => done(sent === count && stream.rstCode === 0));
}

function talk(url, ca, streams, count) {
  const connection = http2.connect(url.replace("ws", "http"), {
    ca: ca === "-" ? undefined : fs.readFileSync(ca),
    maxSessionMemory: 1000,
  });
  let left = streams;
  let good = 0;
  connection.on("remoteSettings", (settings) => {
    if (!settings.enableConnectProtocol) throw new Error("no WebSockets");
    for (let i = 0; i < streams; i++)
      talkOver(
        connection.request({
          ":method": "CONNECT",
          ":protocol": "websocket",
          ":path": "/",
          "sec-websocket-version": "13",
        }),
        count,
        (fine) => {
          good += fine;
          if (--left > 0) return;
          console.log(`${good} of ${streams} streams, ${count} messages each`);
          connection.close();
        }
      );
  });
}

const [, , what, ...rest] = process.argv;
if (what === "serve") serve(...rest);
else talk(rest[0], rest[1], Number(rest[2]), Number(rest[3]));

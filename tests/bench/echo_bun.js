// An echo on npm's bun, whose server is uWebSockets: for comparison.
//
//   bun echo_bun.js [plain|alone|takeover [CERTIFICATE KEY]]
//
// alone, takeover: with permessage-deflate, without or with context takeover.
const [compression, certificate, key] = process.argv.slice(2);
const compress = { alone: "shared", takeover: "dedicated" }[compression];
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  tls: certificate && { cert: Bun.file(certificate), key: Bun.file(key) },
  fetch(request, it) {
    if (!it.upgrade(request)) return new Response("no upgrade", { status: 426 });
  },
  websocket: {
    perMessageDeflate: compress ? { compress, decompress: compress } : false,
    maxPayloadLength: 64 << 20,
    backpressureLimit: 64 << 20,
    message(socket, data) {
      socket.send(data, compress !== undefined);
    },
  },
});
console.log("listening", server.port);

// An echo on npm's bun, whose server is uWebSockets: a yardstick that people know.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, it) {
    if (!it.upgrade(request)) return new Response("no upgrade", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    maxPayloadLength: 64 << 20,
    backpressureLimit: 64 << 20,
    message(socket, data) {
      socket.send(data);
    },
  },
});
console.log("listening", server.port);

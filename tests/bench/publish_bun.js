// Broadcasting on npm's bun, whose server is uWebSockets: for comparison.
//
// Each message goes to all who subscribe, but not to its sender.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, it) {
    if (!it.upgrade(request)) return new Response("no upgrade", { status: 426 });
  },
  websocket: {
    maxPayloadLength: 64 << 20,
    backpressureLimit: 64 << 20,
    open(socket) {
      socket.subscribe("all");
    },
    message(socket, data) {
      socket.publish("all", data);
    },
  },
});
console.log("listening", server.port);

// An echo on npm's ws, without compression: a yardstick that people know.
const { WebSocketServer } = require("ws");

const server = new WebSocketServer(
  { host: "127.0.0.1", port: 0, perMessageDeflate: false, maxPayload: 0 },
  () => console.log("listening", server.address().port),
);
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});

// An echo on npm's ws: for comparison.
//
//   node echo_ws.js [plain|alone|takeover [CERTIFICATE KEY]]
//
// alone, takeover: with permessage-deflate, without or with context takeover.
const fs = require("fs");
const http = require("http");
const https = require("https");
const { WebSocketServer } = require("ws");

const [compression, certificate, key] = process.argv.slice(2);
const alone = compression === "alone";
const server = certificate
  ? https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) })
  : http.createServer();
new WebSocketServer({
  server,
  maxPayload: 0,
  perMessageDeflate:
    alone || compression === "takeover"
      ? { threshold: 0, serverNoContextTakeover: alone || undefined, clientNoContextTakeover: alone }
      : false,
}).on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => {}); // of a peer that breaks the protocol: the connection ends, the server stays
});
server.listen(0, "127.0.0.1", () => console.log("listening", server.address().port));

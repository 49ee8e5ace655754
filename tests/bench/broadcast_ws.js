// Broadcasting on npm's ws, to the clients of other nodes too where Redis is named: for comparison.
//
//   node broadcast_ws.js [redis://HOST:PORT]
//
// As wsserve --broadcast does: every client but the sender gets a message once; a node drops the copy of its own.
const crypto = require("crypto");
const { WebSocket, WebSocketServer } = require("ws");

const HEAD = 17; // the node, and is it binary
const channel = "bench";
const node = crypto.randomBytes(HEAD - 1);
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 0, perMessageDeflate: false });

function deliver(data, binary, sender) {
  for (const client of server.clients)
    if (client !== sender && client.readyState === WebSocket.OPEN) client.send(data, { binary });
}

async function connect(url) {
  const redis = require("redis");
  const publisher = redis.createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  await subscriber.subscribe(
    channel,
    (message) => {
      if (!node.equals(message.subarray(0, HEAD - 1))) deliver(message.subarray(HEAD), message[HEAD - 1] === 1);
    },
    true,
  );
  return publisher;
}

(async () => {
  const publisher = process.argv[2] && (await connect(process.argv[2]));
  server.on("connection", (socket) => {
    socket.on("message", (data, binary) => {
      deliver(data, binary, socket);
      if (publisher) publisher.publish(channel, Buffer.concat([node, Buffer.from([binary ? 1 : 0]), data]));
    });
    socket.on("error", () => {});
  });
  if (!server.address()) await new Promise((resolve) => server.once("listening", resolve));
  console.log("listening", server.address().port);
})();

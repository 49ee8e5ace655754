// npm's ws as a peer:
//
//   node ws.js serve [CERTIFICATE KEY]       an echo server, announced as wsserve announces itself.
//                                            The query has its parameters of permessage-deflate:
//                                            ?deflate&sn&cn&sw=9&cw=10 (sn: no takeover by the
//                                            server; sw: the server's window)
//   node ws.js talk URL COUNT CA [QUERY]...  sends COUNT messages and compares the echoes, over
//                                            a connection for each QUERY; CA may be "-"
const fs = require("fs");
const http = require("http");
const https = require("https");
const WebSocket = require("ws");
const { corpus, sameMessage } = require("./corpus.js");

function parameters(query) {
  const q = new URLSearchParams(query);
  if (!q.has("deflate")) return false;
  const options = { threshold: 0 };
  if (q.has("sn")) options.serverNoContextTakeover = true;
  if (q.has("cn")) options.clientNoContextTakeover = true;
  if (q.has("sw")) options.serverMaxWindowBits = Number(q.get("sw"));
  if (q.has("cw")) options.clientMaxWindowBits = Number(q.get("cw"));
  return options;
}

function serve(certificate, key) {
  const server = certificate
    ? https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) })
    : http.createServer();
  const servers = new Map();
  server.on("upgrade", (request, socket, head) => {
    const query = request.url.split("?")[1] || "";
    if (!servers.has(query))
      servers.set(
        query,
        new WebSocket.Server({ noServer: true, maxPayload: 0, perMessageDeflate: parameters(query) })
      );
    servers.get(query).handleUpgrade(request, socket, head, (ws) =>
      ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }))
    );
  });
  server.listen(0, "127.0.0.1", () =>
    console.log(`listening ${certificate ? "wss" : "ws"}://127.0.0.1:${server.address().port}/`)
  );
}

// The server must have accepted the requested parameters.
function judge(query, agreed) {
  const q = new URLSearchParams(query);
  const params = agreed["permessage-deflate"] && agreed["permessage-deflate"].params;
  if (!q.has("deflate")) return !params;
  return (
    params &&
    (!q.has("sn") || params.server_no_context_takeover === true) &&
    (!q.has("sw") || params.server_max_window_bits <= Number(q.get("sw"))) &&
    (!q.has("cw") || !params.client_max_window_bits || params.client_max_window_bits <= Number(q.get("cw")))
  );
}

function talk(url, ca, query, seed, count) {
  return new Promise((resolve, reject) => {
    const sent = corpus(seed, count);
    const options = { perMessageDeflate: parameters(query), maxPayload: 0 };
    if (ca !== "-") options.ca = fs.readFileSync(ca);
    const ws = new WebSocket(url, options);
    let next = 0;
    const fail = (why) => {
      ws.terminate();
      reject(new Error(`${query}: ${why}`));
    };
    ws.on("open", () => {
      if (!judge(query, ws._extensions)) fail(`agreed on '${ws.extensions}'`);
      for (const message of sent) ws.send(message);
    });
    ws.on("message", (data, isBinary) => {
      if (!sameMessage(sent[next], isBinary ? data : data.toString())) return fail(`message ${next}`);
      if (++next === count) ws.close(1000);
    });
    ws.on("error", (error) => fail(error.message));
    ws.on("close", (code) =>
      next === count && code === 1000 ? resolve() : fail(`closed with ${code} after ${next}`)
    );
  });
}

async function talks(url, count, ca, ...queries) {
  if (queries.length === 0) queries.push("");
  for (let seed = 0; seed < queries.length; seed++)
    await talk(url, ca, queries[seed], seed, Number(count));
  console.log(`${queries.length} times ${count} messages came back`);
}

const [what, ...rest] = process.argv.slice(2);
if (what === "serve") serve(...rest);
else
  talks(...rest).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });

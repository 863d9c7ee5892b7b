// The Node server of the documents.
const http = require("http");

http.createServer((request, response) => {
  const found = ["/health", "/api/items"].includes(request.url.split("?")[0]);
  response.writeHead(found ? 200 : 404, {"Content-Type": "application/json"});
  response.end(JSON.stringify({items: [1, 2, 3]}));
}).listen(8787, "127.0.0.1");

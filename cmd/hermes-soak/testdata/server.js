// A web UI in Node for the tests, over two files in the working folder: server.js PORT
const fs = require("fs");
const http = require("http");

http.createServer((request, response) => {
  const path = request.url.split("?")[0];
  const answer = (status, body) => {
    response.writeHead(status, {"Content-Type": "application/json"});
    response.end(body);
  };
  if (path === "/health") {
    answer(200, '{"status":"ok"}');
    return;
  }
  fs.readFile(process.cwd() + path, (error, body) => error ? answer(404, '{"error":"not found"}') : answer(200, body));
}).listen(Number(process.argv[2]), "127.0.0.1");

// node PORT: a web server with what node is good at: chunks, trailers, hints, upgrades, events.
'use strict';
const crypto = require('crypto');
const http = require('http');

const waiting = [];

function sayAsked(request, response) {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({
    method: request.method, url: request.url, fields: request.rawHeaders,
  }));
}

function takeUpload(request, response) {
  const sum = crypto.createHash('sha256');
  let length = 0;
  request.on('data', (piece) => { sum.update(piece); length += piece.length; });
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({
      length, sum: sum.digest('hex'),
      framing: request.headers['transfer-encoding'] || 'length',
      trailers: request.rawTrailers,
    }));
  });
}

const routes = {
  '/asked': sayAsked,
  '/upload': takeUpload,
  '/chunks': (request, response) => {
    const chunked = request.method !== 'HEAD' && request.httpVersion === '1.1';
    const fields = { 'Content-Type': 'text/plain' };
    response.writeHead(200, chunked ? { ...fields, Trailer: 'X-Sum' } : fields);
    for (const piece of ['one ', 'two ', 'three']) response.write(piece);
    if (chunked) response.addTrailers({ 'X-Sum': '3' });
    response.end();
  },
  '/cookies': (request, response) => {
    response.writeHead(200, 'Fine, Really', [
      'Set-Cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'X-UPPER', 'Y',
      'set-cookie', 'b=2', 'Content-Length', '2',
    ]);
    response.end('ok');
  },
  '/hints': (request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('hinted');
  },
  '/events': (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: first\n\n');
    waiting.push(response);
  },
  '/go': (request, response) => {
    for (const events of waiting.splice(0)) events.end('data: last\n\n');
    response.end('went');
  },
  '/closing': (request, response) => {
    response.shouldKeepAlive = false;
    response.end('closing');
  },
  '/cut': (request, response) => {
    response.write('the beginning');
    setImmediate(() => request.socket.resetAndDestroy());
  },
  '/short': (request, response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('not a hundred');
    setImmediate(() => request.socket.destroy());
  },
};

function answer(request, response) {
  const route = routes[new URL(request.url, 'http://x').pathname];
  if (route) return route(request, response);
  response.statusCode = 404;
  return response.end('none');
}

const server = http.createServer(answer);
server.on('checkContinue', (request, response) => {
  if (request.url.startsWith('/refuse')) {
    response.writeHead(413, { Connection: 'close' });
    response.end('too much');
    return;
  }
  response.writeContinue();
  answer(request, response);
});
server.on('upgrade', (request, socket, head) => {
  const accept = crypto.createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
    .digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
    + `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  if (request.url === '/bye') return socket.end('bye');
  if (head.length) socket.write(head);
  socket.on('error', () => {});
  return socket.pipe(socket);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
